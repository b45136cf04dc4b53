import { message, theme } from 'antd'
import type { MessageInstance } from 'antd/es/message/interface'
import { createContext, use } from 'react'

const Notices = createContext<MessageInstance | null>(null)

interface Properties {
  /** The class below which the variables of the theme are known. */
  themeClass: string
  children: React.ReactNode
}

/** Lets the pages below say shortly that something was done. antd's own App would load dialogs with it. */
export function NoticesProvider({ themeClass, children }: Properties): React.ReactNode {
  const [notices, holder] = message.useMessage()
  const { fontFamily, fontSize, lineHeight, colorText } = theme.useToken().token
  return (
    <Notices value={notices}>
      {holder}
      <div className={themeClass} style={{ fontFamily, fontSize, lineHeight, color: colorText }}>{children}</div>
    </Notices>
  )
}

export function useNotices(): MessageInstance {
  const notices = use(Notices)
  if (notices === null) throw new Error('useNotices needs a NoticesProvider above it')
  return notices
}
