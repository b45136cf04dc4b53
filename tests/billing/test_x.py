def test_a(tx): assert tx.run("select 1").scalar()==1
