import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { App, ConfigProvider } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import { useEffect } from 'react';
import { ApiError, session } from '../api/client';
import { preferences } from '../lib/preferences';
import { useCell } from '../lib/store';
import { PasswordPage, SignInPage } from './sign-in';
import { router } from './router';
import { themeOf, useDark } from './theme';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: false,
      retry: (count, error) => count < 1 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 502),
    },
  },
});

function nonce(): string | undefined {
  return document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content;
}

function Gate() {
  const state = useCell(session);
  const { lang } = useCell(preferences);
  const who = state.phase === 'in' ? `${state.me.tenant.code}/${state.me.membership.id}` : state.phase;
  useEffect(() => () => queries.clear(), [who]);
  useEffect(() => {
    document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en-US';
    void queries.invalidateQueries();
  }, [lang]);
  if (state.phase === 'starting') return <div className="boot" role="status" aria-label="…" />;
  if (state.phase === 'out') return <SignInPage />;
  if (state.phase === 'password') return <PasswordPage />;
  return <RouterProvider key={who} router={router} />;
}

/** The page: language, look and data around the session. */
export function Root() {
  const dark = useDark();
  const { lang, density } = useCell(preferences);
  useEffect(() => {
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    document.documentElement.dataset.density = density;
  }, [dark, density]);
  const value = nonce();
  return (
    <ConfigProvider locale={lang === 'zh' ? zhCN : enUS} theme={themeOf(dark)} {...(value ? { csp: { nonce: value } } : {})}
      button={{ autoInsertSpace: false }}>
      <App component={false}>
        <QueryClientProvider client={queries}>
          <Gate />
        </QueryClientProvider>
      </App>
    </ConfigProvider>
  );
}
