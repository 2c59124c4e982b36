import { useQuery, useQueryClient } from '@tanstack/react-query';
import { App, Button } from 'antd';
import { useState } from 'react';
import { api, switchTenant } from '../api/client';
import { useMe } from '../api/meta';
import { Failure, Skeleton } from '../app/notice';
import { nameIn, useText, useWords } from '../i18n';
import { WORDS } from './words';

/** How the sample company of this company is. */
export interface SampleCompany { state: 'none' | 'open' | 'closed'; tenant: { code: string; name: string; nameEn?: string | null } | null }

/** The sample company: made or opened, entered and closed with one click each. */
export function Sample() {
  const me = useMe();
  const { t, lang } = useText();
  const w = useWords(WORDS);
  const { message, modal } = App.useApp();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const answer = useQuery({ queryKey: ['sample-company'], queryFn: () => api<SampleCompany>('/platform/sample-company'), enabled: !me.tenant.sampleOf });
  if (me.tenant.sampleOf) return <p>{w('isSample')}</p>;
  if (answer.isPending) return <Skeleton rows={3} />;
  if (answer.isError) return <Failure error={answer.error} retry={() => void answer.refetch()} />;
  const { state, tenant } = answer.data;
  const run = async (method: 'POST' | 'DELETE', said: string) => {
    setBusy(true);
    try {
      client.setQueryData(['sample-company'], await api<SampleCompany>('/platform/sample-company', { method }));
      message.success(said);
    } catch (error) {
      message.error(error instanceof Error ? error.message : String(error));
      void answer.refetch();
    } finally {
      setBusy(false);
    }
  };
  const enter = () => switchTenant(tenant?.code ?? '').then(() => location.assign('/'), (e: unknown) => message.error(e instanceof Error ? e.message : String(e)));
  const close = () => { modal.confirm({ title: w('close'), content: w('closeAsk'), okText: w('close'), cancelText: t('cancel'), onOk: () => run('DELETE', w('closed')) }); };
  return (
    <>
      <p>{w('sampleText')}</p>
      {tenant && state === 'open' ? <p data-testid="sample-open"><b>{nameIn(lang, tenant)}</b> <span className="muted">{tenant.code}</span></p> : null}
      <div className="start-actions">
        {state === 'open' ? <><Button type="primary" onClick={() => void enter()}>{w('go')}</Button><Button danger loading={busy} data-testid="sample-out" onClick={close}>{w('close')}</Button></>
          : <Button type="primary" loading={busy} data-testid="sample-in" onClick={() => void run('POST', w('opened'))}>{w(busy ? 'opening' : state === 'closed' ? 'reopen' : 'open')}</Button>}
      </div>
    </>
  );
}
