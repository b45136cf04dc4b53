import { MenuOutlined } from '@ant-design/icons'
import { Button, Typography } from 'antd'
import { Suspense, lazy, useState } from 'react'
import { Link, Outlet } from 'react-router'
import { AccountMenu } from '@/app/account-menu'
import { Navigation } from '@/app/navigation'
import { SearchButton } from '@/app/search-button'
import { Brand } from '@/components/brand'
import { PreferenceSwitches } from '@/components/preference-switches'
import type { Session } from '@/lib/session'
import { useText } from '@/lib/text'
import styles from '@/app/shell.module.css'

const NavigationDrawer = lazy(async () => ({ default: (await import('@/app/navigation-drawer')).NavigationDrawer }))

/** The places that the person may go to, at the side or behind a button; a header; the page. */
export function Shell({ session }: { session: Session }): React.ReactNode {
  const text = useText()
  const [open, setOpen] = useState(false)
  return (
    <div className={styles['shell']}>
      <a className="skip-link" href="#main">
        {text('shell.skip')}
      </a>
      <aside className={styles['side']}>
        <Link to="/" className={styles['brand']}>
          <Brand />
        </Link>
        <Navigation session={session} />
      </aside>
      <header className={styles['header']}>
        <Button
          type="text"
          className={styles['menu'] ?? ''}
          icon={<MenuOutlined />}
          aria-label={text('shell.menu')}
          aria-expanded={open}
          onClick={() => setOpen(true)}
        />
        <Typography.Text type="secondary" ellipsis className={styles['institution']}>
          {session.institutionName}
        </Typography.Text>
        <SearchButton />
        <PreferenceSwitches />
        <AccountMenu session={session} />
      </header>
      <main id="main" className={styles['main']}>
        <Outlet />
      </main>
      <Suspense>{open && <NavigationDrawer session={session} onClose={() => setOpen(false)} />}</Suspense>
    </div>
  )
}
