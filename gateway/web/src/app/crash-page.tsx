import { Button, Result } from 'antd'
import { useText } from '@/lib/text'

/** Shown when a page fails to load or draw, for instance after an update removed the files of the old version. */
export function CrashPage(): React.ReactNode {
  const text = useText()
  return (
    <Result
      status="warning"
      title={text('crash.title')}
      subTitle={text('crash.detail')}
      extra={
        <Button type="primary" onClick={() => location.reload()}>
          {text('crash.reload')}
        </Button>
      }
    />
  )
}
