import { useMutation } from '@tanstack/react-query'
import { Button, Card, Form, Input, Typography } from 'antd'
import { useEffect, useState } from 'react'
import { Navigate, useLocation } from 'react-router'
import { Brand } from '@/components/brand'
import { PreferenceSwitches } from '@/components/preference-switches'
import { ProblemNotice } from '@/components/problem-notice'
import { Splash } from '@/components/splash'
import { preferences, setPreference } from '@/lib/preferences'
import { renew, signIn, useSession, type Credentials } from '@/lib/session'
import { useText } from '@/lib/text'
import styles from '@/features/session/sign-in-page.module.css'

function destination(state: unknown): string {
  const from = typeof state === 'object' && state !== null && 'from' in state ? state.from : null
  return typeof from === 'string' && from.startsWith('/') ? from : '/leads'
}

export function SignInPage(): React.ReactNode {
  const text = useText()
  const { status } = useSession()
  const location = useLocation()
  const [unreachable, setUnreachable] = useState(false)
  const mutation = useMutation({
    mutationFn: (credentials: Credentials) => {
      setPreference('institutionCode', credentials.institutionCode)
      return signIn(credentials)
    },
  })

  useEffect(() => {
    // Whoever opens this page with a living session goes on; without a connection the form simply stays.
    if (status === 'unknown') renew().catch(() => setUnreachable(true))
  }, [status])

  if (status === 'signed-in') return <Navigate to={destination(location.state)} replace />
  if (status === 'unknown' && !unreachable) return <Splash />

  const required = (field: string): [{ required: true; message: string }] => [
    { required: true, message: text('form.required', { field }) },
  ]
  return (
    <main className={styles['page']}>
      <Card className={styles['card']} variant="outlined">
        <div className={styles['top']}>
          <Brand size={30} />
          <PreferenceSwitches />
        </div>
        <Typography.Title level={1} className={styles['title'] ?? ''}>
          {text('session.title')}
        </Typography.Title>
        <Form<Credentials>
          layout="vertical"
          requiredMark={false}
          initialValues={{ institutionCode: preferences().institutionCode }}
          onFinish={(credentials) => mutation.mutate(credentials)}
        >
          <Form.Item
            name="institutionCode"
            label={text('session.institution')}
            rules={required(text('session.institution'))}
            normalize={(code: string) => code.trim()}
          >
            <Input autoComplete="organization" autoFocus={preferences().institutionCode === ''} />
          </Form.Item>
          <Form.Item
            name="email"
            label={text('session.email')}
            rules={required(text('session.email'))}
            normalize={(email: string) => email.trim()}
          >
            <Input type="email" autoComplete="username" autoFocus={preferences().institutionCode !== ''} />
          </Form.Item>
          <Form.Item name="password" label={text('session.password')} rules={required(text('session.password'))}>
            <Input.Password autoComplete="current-password" />
          </Form.Item>
          {mutation.isError && (
            <div className={styles['problem']}>
              <ProblemNotice error={mutation.error} />
            </div>
          )}
          <Button type="primary" htmlType="submit" block size="large" loading={mutation.isPending}>
            {text('session.signIn')}
          </Button>
        </Form>
      </Card>
      <Typography.Text type="secondary" className={styles['claim'] ?? ''}>
        {text('product.claim')}
      </Typography.Text>
    </main>
  )
}
