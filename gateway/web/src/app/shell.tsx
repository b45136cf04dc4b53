import { LogoutOutlined, UserOutlined } from '@ant-design/icons'
import { Button, Dropdown, Layout, Typography } from 'antd'
import { Link, NavLink, Outlet } from 'react-router'
import { placesOf } from '@/app/menu'
import { Brand } from '@/components/brand'
import { PreferenceSwitches } from '@/components/preference-switches'
import { signOut, type Session } from '@/lib/session'
import { useText } from '@/lib/text'
import styles from '@/app/shell.module.css'

/** Header with the places that the person may go to, and the page. */
export function Shell({ session }: { session: Session }): React.ReactNode {
  const text = useText()
  const name = session.displayName ?? ''
  return (
    <Layout className={styles['shell']}>
      <a className="skip-link" href="#main">
        {text('shell.skip')}
      </a>
      <Layout.Header className={styles['header']}>
        <Link to="/" className={styles['brand']}>
          <Brand />
        </Link>
        <nav className={styles['nav']} aria-label={text('shell.navigation')}>
          {placesOf(session).map(({ path, title }) => (
            <NavLink key={path} to={path} className={({ isActive }) => (isActive ? styles['active'] : styles['link']) ?? ''}>
              {text(title)}
            </NavLink>
          ))}
        </nav>
        <Typography.Text type="secondary" ellipsis className={styles['institution']}>
          {session.institutionName}
        </Typography.Text>
        <PreferenceSwitches />
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
      </Layout.Header>
      <Layout.Content id="main" className={styles['main']}>
        <Outlet />
      </Layout.Content>
    </Layout>
  )
}
