import { useText } from '@/lib/text'

export function Brand({ size = 26 }: { size?: number }): React.ReactNode {
  const text = useText()
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 10, fontWeight: 600, fontSize: size * 0.66 }}>
      <img src="/favicon.svg" width={size} height={size} alt="" />
      <span style={{ whiteSpace: 'nowrap' }}>{text('product.name')}</span>
    </span>
  )
}
