import { theme, type ThemeConfig } from 'antd';
import { useSyncExternalStore } from 'react';
import { preferences } from '../lib/preferences';
import { useCell } from '../lib/store';

const query = '(prefers-color-scheme: dark)';

function watch(wake: () => void): () => void {
  const media = matchMedia(query);
  media.addEventListener('change', wake);
  return () => media.removeEventListener('change', wake);
}

/** Whether the page is dark now: by choice, else as the system says. */
export function useDark(): boolean {
  const choice = useCell(preferences).theme;
  const system = useSyncExternalStore(watch, () => matchMedia(query).matches);
  return choice === 'system' ? system : choice === 'dark';
}

/** Tokens of the controls; the page's own parts use the variables of `styles.css`. */
export function themeOf(dark: boolean): ThemeConfig {
  return {
    algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    // White words on the accent need 4.5 : 1, so the dark palette's buttons are a step deeper than its links.
    ...(dark ? { components: { Button: { colorPrimary: '#2f6fe0', colorPrimaryHover: '#2965d0', colorPrimaryActive: '#2159bd' } } } : {}),
    token: {
      colorPrimary: dark ? '#1f6fe5' : '#0958d9',
      colorTextPlaceholder: dark ? '#a0a0a0' : '#6b6b6b',
      colorTextDisabled: dark ? '#8c8c8c' : '#6b6b6b',
      ...(dark ? { colorBgContainer: '#17191d', colorBgElevated: '#1f2227', colorBorder: '#3a3f47' } : { colorBorder: '#cfd4db' }),
      fontSize: 13,
      controlHeight: 30,
      borderRadius: 4,
      motionDurationMid: '0.1s',
      motionDurationSlow: '0.15s',
      fontFamily: 'system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif',
    },
  };
}
