import { LogoutOutlined, UserOutlined } from '@ant-design/icons'
import { Button, Dropdown } from 'antd'
import { signOut, type Session } from '@/lib/session'
import { useText } from '@/lib/text'
import styles from '@/app/shell.module.css'

/** Who is signed in, and the way out. */
export function AccountMenu({ session }: { session: Session }): React.ReactNode {
  const text = useText()
  const name = session.displayName ?? ''
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        items: [
          { key: 'who', disabled: true, label: `${session.institutionName ?? ''} · ${name}` },
          { type: 'divider' },
          { key: 'sign-out', icon: <LogoutOutlined />, label: text('session.signOut') },
        ],
        onClick: ({ key }) => {
          // The page is signed out at once; telling the gateway may fail without a connection.
          if (key === 'sign-out') signOut().catch(() => undefined)
        },
      }}
    >
      <Button type="text" icon={<UserOutlined />} aria-label={text('shell.account', { name })}>
        <span className={styles['name']}>{name}</span>
      </Button>
    </Dropdown>
  )
}
