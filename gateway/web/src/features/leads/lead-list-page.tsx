import { ImportOutlined } from '@ant-design/icons'
import { Button, Grid, Typography } from 'antd'
import { Suspense, lazy, useCallback, useRef } from 'react'
import { useLocation, useNavigate, useSearchParams } from 'react-router'
import { ProblemNotice } from '@/components/problem-notice'
import { EmptyLeads } from '@/features/leads/empty-leads'
import { LeadCards } from '@/features/leads/lead-cards'
import { useLeads, useRefreshLeads } from '@/features/leads/lead-queries'
import { isFiltered, readSearch, writeSearch, type LeadSearch } from '@/features/leads/lead-search'
import { LeadTable } from '@/features/leads/lead-table'
import { LeadToolbar } from '@/features/leads/lead-toolbar'
import { Pager } from '@/features/leads/pager'
import { useListKeys } from '@/features/leads/use-list-keys'
import { useLeadChanges } from '@/features/leads/use-lead-changes'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'
import styles from '@/features/leads/lead-list-page.module.css'

// Few people import, so the list does not wait for what importing needs.
const ImportDialog = lazy(async () => ({ default: (await import('@/features/leads/import-dialog')).ImportDialog }))

/** Tokens of the pages before this one travel in the history entry, because a token leads forward only. */
function pagesBefore(state: unknown): readonly string[] {
  const pages = typeof state === 'object' && state !== null && 'before' in state ? state.before : null
  return Array.isArray(pages) ? pages.map(String) : []
}

export function LeadListPage(): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const [address, setAddress] = useSearchParams()
  const navigate = useNavigate()
  const before = pagesBefore(useLocation().state)
  const wide = Grid.useBreakpoint().lg !== false
  const list = useRef<HTMLDivElement>(null)
  const search = readSearch(address)
  const leads = useLeads(search)
  const importing = address.get('import')
  const mayImport = can(session, 'lead_import.create')

  useListKeys(list, importing === null)
  useLeadChanges(useRefreshLeads())

  const change = useCallback(
    (next: Partial<LeadSearch>) => setAddress(writeSearch({ ...search, page: '', ...next }), { replace: 'search' in next }),
    [search, setAddress],
  )
  const turn = (page: string, stack: readonly string[]): void => {
    void navigate({ search: writeSearch({ ...search, page }).toString() }, { state: { before: stack } })
  }
  const openImport = (id: string | null): void => {
    const next = writeSearch(search)
    if (id !== null) next.set('import', id)
    setAddress(next, { replace: importing !== null })
  }

  const rows = leads.data?.leads ?? []
  const Rows = wide ? LeadTable : LeadCards
  return (
    <>
      <div className={styles['heading']}>
        <Typography.Title level={1} className={styles['title'] ?? ''}>
          {text('leads.title')}
        </Typography.Title>
        {mayImport && (
          <Button type="primary" icon={<ImportOutlined />} onClick={() => openImport('new')}>
            {text('leads.import')}
          </Button>
        )}
      </div>
      <LeadToolbar search={search} onChange={change} />
      {leads.isError && (
        <div className={styles['problem']}>
          <ProblemNotice error={leads.error} onRetry={() => void leads.refetch()} />
        </div>
      )}
      {leads.isSuccess && rows.length === 0 ? (
        <EmptyLeads
          filtered={isFiltered(search)}
          onClear={() => setAddress(new URLSearchParams())}
          onImport={mayImport ? () => openImport('new') : undefined}
        />
      ) : (
        !leads.isError && (
          <div ref={list} className={leads.isPlaceholderData ? styles['stale'] : undefined} aria-busy={leads.isFetching}>
            <Rows leads={rows} loading={leads.isPending} />
          </div>
        )
      )}
      <Pager
        hint={wide ? text('leads.keys') : ''}
        previous={
          search.page === '' ? undefined : () => (before.length > 0 ? turn(before.at(-1) ?? '', before.slice(0, -1)) : turn('', []))
        }
        isFirstKnown={before.length > 0}
        next={leads.data?.nextPageToken ? () => turn(leads.data.nextPageToken ?? '', [...before, search.page]) : undefined}
      />
      {importing !== null && mayImport && (
        <Suspense>
          <ImportDialog id={importing} onOpen={openImport} />
        </Suspense>
      )}
    </>
  )
}
