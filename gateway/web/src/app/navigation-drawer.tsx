import { Drawer } from 'antd'
import { Navigation } from '@/app/navigation'
import { Brand } from '@/components/brand'
import type { Session } from '@/lib/session'

interface Properties {
  session: Session
  onClose: () => void
}

/** The menu on a phone. */
export function NavigationDrawer({ session, onClose }: Properties): React.ReactNode {
  return (
    <Drawer open placement="left" size={260} title={<Brand />} onClose={onClose}>
      <Navigation session={session} onGo={onClose} />
    </Drawer>
  )
}
