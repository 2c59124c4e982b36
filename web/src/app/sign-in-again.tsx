import { Button, Input, Modal } from 'antd';
import { lapsed, signInAgain, signOut } from '../api/client';
import { useMe } from '../api/meta';
import { useText } from '../i18n';
import { useCell } from '../lib/store';
import { useState } from 'react';
import { useSubmit } from './sign-in';

/** Asks for the password over the page as it stands: whatever is being filled in stays, and goes on afterwards. */
export function SignInAgain() {
  const over = useCell(lapsed);
  const me = useMe();
  const { t } = useText();
  const [password, setPassword] = useState('');
  const { busy, problem, submit } = useSubmit(async () => {
    await signInAgain(password);
    setPassword('');
  });
  return (
    <Modal open={over} title={t('again.title')} footer={null} closable={false} keyboard={false} mask={{ closable: false }} width={380} zIndex={2000}
      afterOpenChange={(open) => { if (open) document.getElementById('again')?.focus(); }}>
      <p className="muted">{t('again.text')}</p>
      <form onSubmit={(e) => void submit(e)} data-testid="again">
        <div className="gate-line">
          <label htmlFor="again">{t('again.password', { name: `${me.person.username} · ${me.tenant.code}` })}</label>
          <Input.Password id="again" size="large" value={password} autoComplete="current-password" onChange={(e) => setPassword(e.target.value)} />
        </div>
        <div className="problem" role="alert">{problem}</div>
        <Button type="primary" size="large" block htmlType="submit" loading={busy}>{t('signin.submit')}</Button>
      </form>
      <p><button type="button" className="link-button" onClick={() => void signOut()}>{t('again.other')}</button></p>
    </Modal>
  );
}
