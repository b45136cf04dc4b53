import { Modal } from 'antd'
import { useState } from 'react'
import { ImportForm } from '@/features/leads/import-form'
import { ImportProgress } from '@/features/leads/import-progress'
import { useRefreshLeads } from '@/features/leads/lead-queries'
import { useText } from '@/lib/text'

interface Properties {
  /** "new", or the id of an import to look at: it stands in the address, so a reload comes back to it. */
  id: string
  /** Show another import; null closes the dialog. */
  onOpen: (id: string | null) => void
}

export function ImportDialog({ id, onOpen }: Properties): React.ReactNode {
  const text = useText()
  const refresh = useRefreshLeads()
  // Kept here, so that a checked file can be imported without choosing it again.
  const [file, setFile] = useState<File | null>(null)
  return (
    <Modal open title={text('import.title')} width={680} footer={null} mask={{ closable: false }} onCancel={() => onOpen(null)}>
      {id === 'new' ? (
        <ImportForm file={file} onFile={setFile} onStarted={onOpen} />
      ) : (
        <ImportProgress importId={id} onFinished={refresh} onAnother={() => onOpen('new')} />
      )}
    </Modal>
  )
}
