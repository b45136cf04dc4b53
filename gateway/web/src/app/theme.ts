import { theme, type ThemeConfig } from 'antd'

const FONT =
  '-apple-system, BlinkMacSystemFont, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", sans-serif'

/** The class below which the variables of the theme are known. */
export const THEME_CLASS = 'lianxiao'

/** Calm and dense: one quiet accent, small radii, tight tables. */
export function themeOf(dark: boolean): ThemeConfig {
  return {
    // One name for the variables, so that our own elements find them under it too.
    cssVar: { key: THEME_CLASS },
    algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      colorPrimary: dark ? '#3f9dbb' : '#17607a',
      colorInfo: dark ? '#3f9dbb' : '#17607a',
      // Derived tints of so quiet a colour would be grey.
      colorPrimaryBg: dark ? '#16323d' : '#e7f1f5',
      colorPrimaryBgHover: dark ? '#1b3d4a' : '#d5e7ee',
      colorPrimaryBorder: dark ? '#24566a' : '#a9cbd8',
      colorPrimaryBorderHover: dark ? '#2f6f88' : '#7fb0c2',
      colorLink: dark ? '#63b5cf' : '#17607a',
      colorBgLayout: dark ? '#121517' : '#f4f6f7',
      ...(dark ? { colorBgContainer: '#1a1e21', colorBgElevated: '#22272b' } : {}),
      borderRadius: 6,
      fontFamily: FONT,
      fontSize: 14,
      motionDurationMid: '0.12s',
      motionDurationSlow: '0.16s',
    },
    components: {
      Table: { cellPaddingBlock: 9, cellPaddingInline: 12, headerSplitColor: 'transparent' },
      Form: { itemMarginBottom: 16 },
      Descriptions: { itemPaddingBottom: 8 },
    },
  }
}
