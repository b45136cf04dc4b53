import { NavLink } from 'react-router'
import { placesOf } from '@/app/menu'
import type { Session } from '@/lib/session'
import { useText } from '@/lib/text'
import styles from '@/app/shell.module.css'

interface Properties {
  session: Session
  onGo?: () => void
}

/** The places that the person may go to. */
export function Navigation({ session, onGo }: Properties): React.ReactNode {
  const text = useText()
  return (
    <nav className={styles['nav']} aria-label={text('shell.navigation')}>
      {placesOf(session).map(({ path, title, icon }) => (
        <NavLink key={path} to={path} end={path === '/'} onClick={onGo} className={({ isActive }) => (isActive ? styles['active'] : styles['link']) ?? ''}>
          {icon}
          {text(title)}
        </NavLink>
      ))}
    </nav>
  )
}
