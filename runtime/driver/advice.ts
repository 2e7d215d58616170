// Takes: what a machine has and lacks. Gives: what is missing, and the commands that get it.
// Promises: no advice that cannot work on the machine it is given for.
import { backports } from './install.ts';
import type { Machine } from './machine.ts';

/** Why there may be no adapter, one sentence each. Empty where nothing is wrong that can be seen. */
export function missing(machine: Machine): string[] {
  if (machine.platform !== 'linux') return [];
  const faults: string[] = [];
  if (machine.loader === null) faults.push('the Vulkan loader (libvulkan.so.1) is not installed');
  if (machine.drivers.length === 0) faults.push('no Vulkan driver is installed');
  if (machine.mesa !== null && majorVersion(machine.mesa) < 23) {
    faults.push(`Mesa ${machine.mesa.split('-')[0] ?? ''} is installed, but Dawn refuses it: it needs a newer one`);
  }
  return faults;
}

/** Commands a person can run. */
export function byHand(machine: Machine): string[] {
  if (machine.platform !== 'linux') {
    return ['This platform brings an adapter of its own: install or update its graphics driver.'];
  }
  const sudo = machine.root ? '' : 'sudo ';
  const suite = backports(machine);
  if (suite !== null) {
    return [
      `echo 'deb http://deb.debian.org/debian ${suite} main' | ${sudo}tee /etc/apt/sources.list.d/modelc-backports.list`,
      `${sudo}apt-get update`,
      `${sudo}apt-get install -t ${suite} mesa-vulkan-drivers libvulkan1`,
    ];
  }
  const known = [machine.distribution?.id ?? '', ...(machine.distribution?.like ?? [])];
  const command = known.map((id) => commands[id]).find((one) => one !== undefined);
  if (command !== undefined) return [`${sudo}${command}`];
  return machine.apt ? [`${sudo}${commands['debian'] ?? ''}`] : ["Install Mesa's Vulkan drivers (lavapipe) and the Vulkan loader."]; // prettier-ignore
}

const commands: Readonly<Record<string, string>> = {
  debian: 'apt-get install mesa-vulkan-drivers libvulkan1',
  ubuntu: 'apt-get install mesa-vulkan-drivers libvulkan1',
  fedora: 'dnf install mesa-vulkan-drivers vulkan-loader',
  rhel: 'dnf install mesa-vulkan-drivers vulkan-loader',
  arch: 'pacman -S vulkan-swrast vulkan-icd-loader',
  suse: 'zypper install libvulkan_lvp libvulkan1',
};

function majorVersion(version: string): number {
  return Number.parseInt(version, 10);
}
