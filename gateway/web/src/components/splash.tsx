import { Spin } from 'antd'

export function Splash(): React.ReactNode {
  return (
    <div style={{ display: 'grid', placeItems: 'center', minHeight: '60vh' }}>
      <Spin delay={150} />
    </div>
  )
}
