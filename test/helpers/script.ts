import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Outcome, outcomeOf } from './cli.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A script that was started, for tests that interfere with it. */
export interface RunningScript {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
}

/**
 * Starts a script as `npm run` does behind the build, in a process of its own.
 *
 * @param onError called with all of standard error so far, whenever there is more
 */
export function startScript(
  name: string,
  args: readonly string[],
  onError?: (text: string, child: ChildProcess) => void,
): RunningScript {
  const child = spawn(process.execPath, ['--import', 'tsx', `scripts/${name}.ts`, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { child, outcome: outcomeOf(child, { onErr: onError }) };
}

/** Options of `caption train` for a model that learns a little of drawn shapes in a moment. */
export function quickTraining(network: string): string[] {
  return [
    ...['--encoder', 'vgg16', '--encoder-file', network, '--threads', '1'],
    ...['--cell', 'gru', '--mode', 'merge', '--hidden-size', '24', '--embedding-size', '16'],
    ...['--min-count', '1', '--batch-size', '4', '--dropout', '0', '--averaging', '0'],
    ...['--epochs', '100', '--patience', '100', '--learning-rate', '0.02'],
  ];
}
