import { SearchOutlined } from '@ant-design/icons'
import { Input, Modal, Spin, Tag, Typography } from 'antd'
import { useDeferredValue, useState } from 'react'
import { useNavigate } from 'react-router'
import { ProblemNotice } from '@/components/problem-notice'
import { useFound } from '@/features/search/found'
import styles from '@/features/search/search-dialog.module.css'
import { useCampuses } from '@/lib/directory'
import { useText } from '@/lib/text'

/** Finds children anywhere: type, go down with the arrows, Enter opens. */
export function SearchDialog({ onClose }: { onClose: () => void }): React.ReactNode {
  const text = useText()
  const navigate = useNavigate()
  const campuses = useCampuses()
  const [typed, setTyped] = useState('')
  const [place, setPlace] = useState(0)
  const search = useDeferredValue(typed.trim())
  const found = useFound(search)
  const rows = search === '' ? [] : (found.data ?? [])
  const chosen = Math.min(place, Math.max(0, rows.length - 1))
  const open = (to: string): void => {
    onClose()
    void navigate(to)
  }
  const onKeyDown = (event: React.KeyboardEvent): void => {
    // Enter also ends the word of an input method.
    if (event.nativeEvent.isComposing) return
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    const row = rows[chosen]
    if (step !== undefined) {
      event.preventDefault()
      setPlace(Math.max(0, Math.min(rows.length - 1, chosen + step)))
    } else if (event.key === 'Enter' && row !== undefined) open(row.to)
  }
  return (
    <Modal open footer={null} closable={false} title={null} onCancel={onClose} destroyOnHidden width={560} style={{ top: 80 }}>
      <Input
        autoFocus
        size="large"
        type="search"
        prefix={<SearchOutlined />}
        suffix={found.isFetching ? <Spin size="small" /> : null}
        maxLength={60}
        placeholder={text('search.placeholder')}
        aria-label={text('search.placeholder')}
        aria-controls="found"
        aria-activedescendant={rows.length > 0 ? `found-${String(chosen)}` : undefined}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value)
          setPlace(0)
        }}
        onKeyDown={onKeyDown}
      />
      {found.isError && <ProblemNotice error={found.error} />}
      <ul id="found" role="listbox" aria-label={text('search.found')} className={styles['found']}>
        {rows.map((row, index) => (
          <li
            key={row.key}
            id={`found-${String(index)}`}
            role="option"
            aria-selected={index === chosen}
            className={index === chosen ? styles['chosen'] : undefined}
            onMouseMove={() => setPlace(index)}
            onClick={() => open(row.to)}
          >
            <span>
              <Tag>{text(row.kind === 'student' ? 'search.student' : 'search.lead')}</Tag>
              <strong>{row.name}</strong>{' '}
              <Typography.Text type="secondary">{row.notes.filter(Boolean).join(' · ')}</Typography.Text>
            </span>
            <Typography.Text type="secondary">{campuses.name(row.campusId)}</Typography.Text>
          </li>
        ))}
      </ul>
      {search !== '' && found.isSuccess && !found.isFetching && rows.length === 0 && (
        <Typography.Paragraph type="secondary" className={styles['none'] ?? ''}>
          {text('search.none')}
        </Typography.Paragraph>
      )}
    </Modal>
  )
}
