import { useNavigate } from '@tanstack/react-router';
import { App, Button } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { useMe, useMetas } from '../api/meta';
import { NotFound, Skeleton } from '../app/notice';
import { useText, useWords } from '../i18n';
import { Colleagues } from './colleagues';
import { Company, type StepHandle } from './company';
import { Sample } from './sample';
import { noteStart, setsUp } from './state';
import { WORDS } from './words';

const STEPS = ['company', 'users', 'sample'] as const;

/** The first steps of a company: its settings, its people, and a sample company to try things out in. */
export function StartPage() {
  const me = useMe();
  const { t } = useText();
  const w = useWords(WORDS);
  const navigate = useNavigate();
  const { message } = App.useApp();
  const { metas, pending } = useMetas();
  const [at, setAt] = useState(0);
  const [busy, setBusy] = useState(false);
  const company = useRef<StepHandle>(null);
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => { noteStart(me); }, [me]);
  useEffect(() => { document.title = `${w('title')} · ${t('app.name')}`; }, [w, t]);
  useEffect(() => { if (at > 0) head.current?.focus(); }, [at]);
  if (!setsUp(me) && !me.tenant.sampleOf) return <NotFound />;
  const step = STEPS[at] ?? 'company';
  const last = at === STEPS.length - 1;
  const on = () => { if (last) void navigate({ to: '/' }); else setAt(at + 1); };
  const next = async () => {
    setBusy(true);
    try {
      if (step === 'company' && !(await company.current?.save())) return;
      if (step === 'company') message.success(w('saved'));
      on();
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="start">
      <h1>{w('title')}</h1>
      <p className="muted">{w('intro')}</p>
      <ol className="start-steps">{STEPS.map((name, i) => <li key={name} aria-current={i === at ? 'step' : undefined}><button type="button" onClick={() => setAt(i)}>{i + 1}. {w(name)}</button></li>)}</ol>
      <section className="start-step" aria-label={w('step', { n: at + 1 })}>
        <h2 tabIndex={-1} ref={head}>{w(step)}</h2>
        {pending && metas.length === 0 ? <Skeleton rows={6} /> : step === 'company' ? <Company metas={metas} handle={company} /> : step === 'users' ? <Colleagues metas={metas} /> : <Sample />}
      </section>
      <footer className="start-foot">
        {at > 0 ? <Button onClick={() => setAt(at - 1)}>{w('back')}</Button> : null}
        <span className="grow" />
        {last ? null : <Button onClick={on}>{w('skip')}</Button>}
        <Button type="primary" data-testid="start-next" loading={busy} onClick={() => void next()}>{w(last ? 'finish' : 'next')}</Button>
      </footer>
    </div>
  );
}
