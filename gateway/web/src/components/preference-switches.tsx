import { MoonOutlined, SunOutlined, TranslationOutlined } from '@ant-design/icons'
import { Button, Space } from 'antd'
import { setPreference, useDark, usePreferences } from '@/lib/preferences'
import { useText } from '@/lib/text'

/** Language and light/dark, kept on this browser. */
export function PreferenceSwitches(): React.ReactNode {
  const text = useText()
  const dark = useDark()
  const { language } = usePreferences()
  return (
    <Space size={2}>
      <Button
        type="text"
        icon={<TranslationOutlined />}
        aria-label={text('switch.language')}
        title={text('switch.language')}
        onClick={() => setPreference('language', language === 'zh-CN' ? 'en' : 'zh-CN')}
      />
      <Button
        type="text"
        icon={dark ? <SunOutlined /> : <MoonOutlined />}
        aria-label={text(dark ? 'switch.light' : 'switch.dark')}
        title={text(dark ? 'switch.light' : 'switch.dark')}
        onClick={() => setPreference('appearance', dark ? 'light' : 'dark')}
      />
    </Space>
  )
}
