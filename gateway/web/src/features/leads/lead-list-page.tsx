import { ImportOutlined } from '@ant-design/icons'
import { Button } from 'antd'
import { Suspense, lazy, useCallback } from 'react'
import { useSearchParams } from 'react-router'
import { ListPage } from '@/components/list-page'
import { EmptyLeads } from '@/features/leads/empty-leads'
import { LeadCards } from '@/features/leads/lead-cards'
import { useLeads, useRefreshLeads } from '@/features/leads/lead-queries'
import { isFiltered, readSearch, writeSearch, type LeadSearch } from '@/features/leads/lead-search'
import { LeadTable } from '@/features/leads/lead-table'
import { LeadToolbar } from '@/features/leads/lead-toolbar'
import { useLeadChanges } from '@/features/leads/use-lead-changes'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'

// Few people import, so the list does not wait for what importing needs.
const ImportDialog = lazy(async () => ({ default: (await import('@/features/leads/import-dialog')).ImportDialog }))

export function LeadListPage(): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const [address, setAddress] = useSearchParams()
  const search = readSearch(address)
  const leads = useLeads(search)
  const importing = address.get('import')
  const mayImport = can(session, 'lead_import.create')

  useLeadChanges(useRefreshLeads())

  const change = useCallback(
    (next: Partial<LeadSearch>) => setAddress(writeSearch({ ...search, page: '', ...next }), { replace: 'search' in next }),
    [search, setAddress],
  )
  const openImport = (id: string | null): void => {
    const next = writeSearch(search)
    if (id !== null) next.set('import', id)
    setAddress(next, { replace: importing !== null })
  }

  return (
    <>
      <ListPage
        title={text('place.leads')}
        actions={
          mayImport && (
            <Button type="primary" icon={<ImportOutlined />} onClick={() => openImport('new')}>
              {text('leads.import')}
            </Button>
          )
        }
        toolbar={<LeadToolbar search={search} onChange={change} />}
        listing={{ ...leads, rows: leads.data?.leads ?? [], nextPageToken: leads.data?.nextPageToken }}
        page={search.page}
        addressOf={(page) => writeSearch({ ...search, page }).toString()}
        keys={importing === null}
        empty={
          <EmptyLeads
            filtered={isFiltered(search)}
            onClear={() => setAddress(new URLSearchParams())}
            onImport={mayImport ? () => openImport('new') : undefined}
          />
        }
      >
        {(rows, loading, wide) => (wide ? <LeadTable leads={rows} loading={loading} /> : <LeadCards leads={rows} loading={loading} />)}
      </ListPage>
      {importing !== null && mayImport && (
        <Suspense>
          <ImportDialog id={importing} onOpen={openImport} />
        </Suspense>
      )}
    </>
  )
}
