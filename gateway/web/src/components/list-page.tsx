import { Grid, Typography } from 'antd'
import { useRef } from 'react'
import { useLocation, useNavigate } from 'react-router'
import styles from '@/components/list-page.module.css'
import { Pager } from '@/components/pager'
import { ProblemNotice } from '@/components/problem-notice'
import { useListKeys } from '@/components/use-list-keys'
import { useText } from '@/lib/text'

/** What a list query says, whatever it lists. */
export interface Listing<T> {
  rows: readonly T[]
  nextPageToken: string | undefined
  error: Error | null
  isPending: boolean
  isFetching: boolean
  isPlaceholderData: boolean
  refetch: () => Promise<unknown>
}

interface Properties<T> {
  title: string
  /** Buttons beside the title. */
  actions?: React.ReactNode
  toolbar: React.ReactNode
  listing: Listing<T>
  /** The token of the page that is shown; "" for the first. */
  page: string
  /** The address, without "?", of another page of the same list. */
  addressOf: (page: string) => string
  empty: React.ReactNode
  /** False while a dialog is open above the list. */
  keys?: boolean
  children: (rows: readonly T[], loading: boolean, wide: boolean) => React.ReactNode
}

/** Tokens of the pages before this one travel in the history entry, because a token leads forward only. */
function pagesBefore(state: unknown): readonly string[] {
  const pages = typeof state === 'object' && state !== null && 'before' in state ? state.before : null
  return Array.isArray(pages) ? pages.map(String) : []
}

/** Title, filters, rows, pages: the frame of every list of the console. */
export function ListPage<T>(properties: Properties<T>): React.ReactNode {
  const { title, actions, toolbar, listing, page, addressOf, empty, keys = true, children } = properties
  const text = useText()
  const navigate = useNavigate()
  const before = pagesBefore(useLocation().state)
  const wide = Grid.useBreakpoint().lg !== false
  const list = useRef<HTMLDivElement>(null)
  useListKeys(list, keys)
  const turn = (to: string, stack: readonly string[]): void => {
    void navigate({ search: addressOf(to) }, { state: { before: stack } })
  }
  const next = listing.nextPageToken
  const isEmpty = listing.error === null && !listing.isPending && listing.rows.length === 0
  return (
    <>
      <div className={styles['heading']}>
        <Typography.Title level={1} className={styles['title'] ?? ''}>
          {title}
        </Typography.Title>
        {actions}
      </div>
      {toolbar}
      {listing.error !== null && (
        <div className={styles['problem']}>
          <ProblemNotice error={listing.error} onRetry={() => void listing.refetch()} />
        </div>
      )}
      {isEmpty && empty}
      {!isEmpty && listing.error === null && (
        <div ref={list} className={listing.isPlaceholderData ? styles['stale'] : undefined} aria-busy={listing.isFetching}>
          {children(listing.rows, listing.isPending, wide)}
        </div>
      )}
      <Pager
        hint={wide ? text('list.keys') : ''}
        previous={page === '' ? undefined : () => (before.length > 0 ? turn(before.at(-1) ?? '', before.slice(0, -1)) : turn('', []))}
        isFirstKnown={before.length > 0}
        next={next ? () => turn(next, [...before, page]) : undefined}
      />
    </>
  )
}
