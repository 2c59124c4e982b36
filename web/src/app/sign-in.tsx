import { Button, Input } from 'antd';
import { useState, type SubmitEvent, type ReactNode } from 'react';
import { changePassword, session, signIn, signOut } from '../api/client';
import { useText } from '../i18n';
import { prefer, preferences } from '../lib/preferences';
import { useCell } from '../lib/store';
import mark from './mark.svg';

function Frame({ title, children }: { title: string; children: ReactNode }) {
  const { t, lang } = useText();
  return (
    <main className="gate">
      <div className="gate-brand">
        <img src={mark} alt="" width="40" height="40" />
        <div><div className="gate-name">{t('app.name')}</div><div className="muted">{t('app.slogan')}</div></div>
      </div>
      <section className="gate-card">
        <h1>{title}</h1>
        {children}
      </section>
      <button type="button" className="link-button" onClick={() => prefer({ lang: lang === 'zh' ? 'en' : 'zh' })}>
        {lang === 'zh' ? 'English' : '中文'}
      </button>
    </main>
  );
}

function Line({ id, label, children }: { id: string; label: string; children: ReactNode }) {
  return <div className="gate-line"><label htmlFor={id}>{label}</label>{children}</div>;
}

/** Runs a submit once at a time and keeps the words of its refusal. */
export function useSubmit(work: () => Promise<void>) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem('');
    try {
      await work();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  return { busy, problem, submit };
}

/** Company, name, password. */
export function SignInPage() {
  const { t } = useText();
  const known = preferences.get();
  const [tenant, setTenant] = useState(known.tenant || (new URLSearchParams(location.search).get('tenant') ?? ''));
  const [username, setUsername] = useState(known.username);
  const [password, setPassword] = useState('');
  const { busy, problem, submit } = useSubmit(async () => {
    if (!tenant.trim() || !username.trim() || !password) throw new Error(t('signin.required'));
    prefer({ tenant: tenant.trim(), username: username.trim() });
    await signIn(tenant.trim(), username.trim(), password);
  });
  return (
    <Frame title={t('signin.title')}>
      <form onSubmit={(e) => void submit(e)}>
        <Line id="tenant" label={t('signin.tenant')}>
          <Input id="tenant" size="large" value={tenant} autoComplete="organization" autoCapitalize="none" spellCheck={false} autoFocus={!known.tenant}
            onChange={(e) => setTenant(e.target.value)} />
        </Line>
        <Line id="username" label={t('signin.username')}>
          <Input id="username" size="large" value={username} autoComplete="username" autoCapitalize="none" spellCheck={false} autoFocus={Boolean(known.tenant) && !known.username}
            onChange={(e) => setUsername(e.target.value)} />
        </Line>
        <Line id="password" label={t('signin.password')}>
          <Input.Password id="password" size="large" value={password} autoComplete="current-password" autoFocus={Boolean(known.tenant && known.username)}
            onChange={(e) => setPassword(e.target.value)} />
        </Line>
        <div className="problem" role="alert">{problem}</div>
        <Button type="primary" size="large" block htmlType="submit" loading={busy}>{t('signin.submit')}</Button>
      </form>
    </Frame>
  );
}

/** The forms of a changed password; `forced` when nothing else is possible before. */
export function PasswordForm({ onDone }: { onDone?: () => void }) {
  const { t } = useText();
  const [current, setCurrent] = useState('');
  const [fresh, setFresh] = useState('');
  const [again, setAgain] = useState('');
  const { busy, problem, submit } = useSubmit(async () => {
    if (fresh.length < 8) throw new Error(t('password.short'));
    if (fresh !== again) throw new Error(t('password.differ'));
    await changePassword(current, fresh);
    onDone?.();
  });
  return (
    <form onSubmit={(e) => void submit(e)}>
      <Line id="current" label={t('password.current')}>
        <Input.Password id="current" value={current} autoComplete="current-password" onChange={(e) => setCurrent(e.target.value)} />
      </Line>
      <Line id="fresh" label={t('password.new')}>
        <Input.Password id="fresh" value={fresh} autoComplete="new-password" onChange={(e) => setFresh(e.target.value)} />
      </Line>
      <Line id="again" label={t('password.again')}>
        <Input.Password id="again" value={again} autoComplete="new-password" onChange={(e) => setAgain(e.target.value)} />
      </Line>
      <div className="problem" role="alert">{problem}</div>
      <Button type="primary" block htmlType="submit" loading={busy}>{t('password.change')}</Button>
    </form>
  );
}

/** A first sign-in has to change its password before anything else. */
export function PasswordPage() {
  const { t } = useText();
  const state = useCell(session);
  return (
    <Frame title={t('password.title')}>
      {state.phase === 'password' ? <p className="muted">{state.username} · {state.tenant}</p> : null}
      <PasswordForm />
      <button type="button" className="link-button" onClick={() => void signOut()}>{t('user.signout')}</button>
    </Frame>
  );
}
