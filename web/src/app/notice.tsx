import { Button } from 'antd';
import type { ReactNode } from 'react';
import { ApiError } from '../api/client';
import { useText } from '../i18n';

/** A quiet full-width state: nothing here, not found, no right, failed. */
export function Notice({ title, text, children }: { title: string; text?: string | undefined; children?: ReactNode }) {
  return (
    <div className="notice" role="status">
      <svg viewBox="0 0 48 32" width="60" height="40" aria-hidden="true">
        <path d="M8 27h32M14 27V7h14l6 6v14M28 7v6h6M19 17h10M19 21h7" fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinejoin="round" />
      </svg>
      <div className="notice-title">{title}</div>
      {text ? <div className="muted">{text}</div> : null}
      {children}
    </div>
  );
}

/** A place that does not exist. */
export function NotFound() {
  const { t } = useText();
  return <Notice title={t('error.notfound.page')} />;
}

/** Why something could not be shown, in words, with the request for whoever has to look into it. */
export function Failure({ error, retry, children }: { error: unknown; retry?: () => void; children?: ReactNode }) {
  const { t } = useText();
  const known = error instanceof ApiError ? error : null;
  const title = known?.status === 404 ? t('error.notfound') : known?.status === 403 ? t('error.forbidden') : t('error.title');
  const detail = known?.status === 404 ? undefined : (known?.message ?? (error instanceof Error ? error.message : undefined));
  return (
    <Notice title={title} text={detail}>
      {known?.requestId ? <div className="small muted">{t('error.request', { id: known.requestId })}</div> : null}
      {retry ? <Button onClick={retry}>{t('error.retry')}</Button> : null}
      {children}
    </Notice>
  );
}

/** Grey bars in the shape of what is loading. */
export function Skeleton({ rows = 8 }: { rows?: number }) {
  const { t } = useText();
  return (
    <div className="skeleton" role="status" aria-label={t('loading')}>
      {Array.from({ length: rows }, (_, i) => <div key={i} className={`bar bar-${i % 4}`} />)}
    </div>
  );
}
