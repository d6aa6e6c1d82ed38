import { pull } from '../library/pull.ts';
import { Interrupt } from './interrupt.ts';
import { fileSize } from './models-text.ts';
import { duration, progress, say } from './terminal.ts';

/** Gets an encoder's network, with progress. Ctrl-C keeps what has come. */
export async function pullEncoder(name: string, mirror: string | undefined): Promise<void> {
  const interrupt = new Interrupt();
  try {
    const { path, bytes, already } = await pull(name, {
      mirror,
      signal: interrupt.signal,
      onProgress: progressOf(name),
    });
    say(`${path} ${already ? 'was there already' : 'is there'}, ${fileSize(bytes)}, with the right SHA-256`);
    say(`try it: caption train --encoder ${name} ...; caption models info ${name} tells more`);
  } catch (error) {
    if (interrupt.any) {
      say(`interrupted; caption models pull ${name} goes on where it stopped`);
      interrupt.throwIfAny();
    }
    throw error;
  } finally {
    interrupt.stop();
  }
}

function progressOf(name: string): (received: number, total: number | undefined) => void {
  let first: { received: number; at: number } | undefined;
  return (received, total) => {
    const now = performance.now();
    first ??= { received, at: now };
    const rate = (1000 * (received - first.received)) / (now - first.at);
    const left = rate > 0 && total !== undefined ? `, ${duration((total - received) / rate)} left` : '';
    const speed = rate > 0 ? `, ${fileSize(rate)}/s${left}` : '';
    progress(`${name}: ${fileSize(received)}${total === undefined ? '' : ` of ${fileSize(total)}`}${speed}`);
  };
}
