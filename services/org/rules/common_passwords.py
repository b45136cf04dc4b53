"""The passwords of eight characters and more that guessing programs try first, Chinese favourites included."""

_LIST = """
123456789 1234567890 12345678 123123123 1234512345 0123456789 987654321 9876543210 87654321 147258369 123456789a
a123456789 a12345678 12345678a aa123456 aa12345678 aaa123456 abc123456 abcd1234 abc12345 1q2w3e4r 1q2w3e4r5t
q1w2e3r4 q1w2e3r4t5 1qaz2wsx 1qaz2wsx3edc qazwsxedc qwer1234 qwerty123 qwertyuiop qwerty12345 asdfghjkl asdf1234
zxcvbnm123 zxcvbnm1 1234qwer 123qweasd qweasdzxc qweasd123 123456qwerty password password1 password12
password123 passw0rd p@ssw0rd p@ssword1 password! admin123 admin1234 administrator root1234 rootroot welcome1
welcome123 letmein1 iloveyou iloveyou1 iloveyou520 changeme changeme1 sunshine princess football baseball
superman trustno1 whatever starwars computer internet woaini1314 woaini520 woaini521 woaini123 5201314a a5201314
5201314520 13145201314 woaiwojia woaini5201314 qq123456 qq123456789 wang1234 wang123456 li123456 zhang123
zhang123456 liu12345 chen12345 yang12345 a1b2c3d4 a1234567 a123456a q1234567 z1234567 zz123456 asd123456
asdasd123 qwe123456 qaz123456 wsx123456 11223344 112233445566 1122334455 12341234 12344321 123454321 123321123
321321321 66668888 88886666 168168168 16888888 66666666a 88888888a 20082008 19491001 520131420 13145200 31415926
314159265 3141592653 dragon123 monkey123 master123 shadow123 michael1 jennifer jordan23 liverpool manchester1
chelsea1 teacher1 teacher123 teacher2024 student1 student123 school123 xuexiao123 laoshi123 jiaoshi123 peixun123
test1234 test12345 testtest testing123 demo1234 guest123 user1234 temp1234 default1 initial1 secret123 china123
shanghai1 beijing2008 beijing1 zhongguo zhongguo1 huawei123 tencent1 alibaba1 wechat123 lianxiao lianxiao1
lianxiao123 lianxiao2024 lianxiao2025 lianxiao2026
"""

COMMON = frozenset(_LIST.split())
