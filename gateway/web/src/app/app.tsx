import { QueryClientProvider } from '@tanstack/react-query'
import { ConfigProvider } from 'antd'
import enUS from 'antd/locale/en_US'
import zhCN from 'antd/locale/zh_CN'
import dayjs from 'dayjs'
import 'dayjs/locale/zh-cn'
import { useEffect } from 'react'
import { RouterProvider } from 'react-router/dom'
import { queryClient } from '@/app/query-client'
import { router } from '@/app/routes'
import { THEME_CLASS, themeOf } from '@/app/theme'
import { NoticesProvider } from '@/components/notices'
import { useDark, usePreferences } from '@/lib/preferences'
import { followOtherTabs, useSession } from '@/lib/session'
import { loadLanguage, useText } from '@/lib/text'

export function App(): React.ReactNode {
  const { language } = usePreferences()
  const dark = useDark()
  const text = useText()
  const { status } = useSession()
  const chinese = language === 'zh-CN'

  useEffect(() => followOtherTabs(), [])
  useEffect(() => void loadLanguage(language).catch(() => undefined), [language])
  useEffect(() => {
    // What one person read must not be there for the next one at the same desk.
    if (status === 'signed-out') queryClient.clear()
  }, [status])
  useEffect(() => {
    document.documentElement.lang = language
    document.title = text('product.name')
    dayjs.locale(chinese ? 'zh-cn' : 'en')
  }, [language, chinese, text])
  useEffect(() => {
    document.documentElement.style.colorScheme = dark ? 'dark' : 'light'
    document.body.style.background = dark ? '#121517' : '#f4f6f7'
  }, [dark])

  return (
    <ConfigProvider locale={chinese ? zhCN : enUS} theme={themeOf(dark)} button={{ autoInsertSpace: false }}>
      <NoticesProvider themeClass={THEME_CLASS}>
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </NoticesProvider>
    </ConfigProvider>
  )
}
