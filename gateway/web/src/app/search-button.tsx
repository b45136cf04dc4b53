import { SearchOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { Suspense, lazy, useEffect, useState } from 'react'
import styles from '@/app/shell.module.css'
import { useText } from '@/lib/text'

const SearchDialog = lazy(async () => ({ default: (await import('@/features/search/search-dialog')).SearchDialog }))

/** Opens the search over everything; so does Ctrl or Command with K. */
export function SearchButton(): React.ReactNode {
  const text = useText()
  const [open, setOpen] = useState(false)
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return
      event.preventDefault()
      setOpen(true)
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
  return (
    <>
      <Button icon={<SearchOutlined />} aria-label={text('search.open')} title={text('search.open')} onClick={() => setOpen(true)}>
        <span className={styles['name']}>{text('search.open')}</span>
      </Button>
      <Suspense>{open && <SearchDialog onClose={() => setOpen(false)} />}</Suspense>
    </>
  )
}
