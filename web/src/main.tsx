import { createRoot } from 'react-dom/client';
import { Root } from './app/root';
import { resume } from './api/client';
import './app/styles.css';

const root = document.getElementById('root');
if (root) createRoot(root).render(<Root />);
void resume();
