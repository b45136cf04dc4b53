import { Button, Result } from 'antd'
import { Link } from 'react-router'
import { useText } from '@/lib/text'

export function NotFoundPage(): React.ReactNode {
  const text = useText()
  return (
    <Result
      status="404"
      title={text('notFound.title')}
      extra={
        <Link to="/">
          <Button type="primary">{text('notFound.back')}</Button>
        </Link>
      }
    />
  )
}
