/**
 * File systems that several machines can share, by the type that statfs(2) reports on Linux (linux/magic.h and the
 * file systems' own sources). lmdb's locks and its mapped file hold on one machine alone.
 */
const networkDisks: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'SMB (cifs)'],
  [0xfe534d42, 'SMB (smb2)'],
  // Shares of a host with its virtual machines: WSL's drives, some sandboxes.
  [0x01021997, '9p'],
  // sshfs, s3fs, glusterfs, virtiofs and many more; which one, and whether it is local, the type does not say.
  [0x65735546, 'a FUSE file system'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x564c, 'NCP'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0xaad7aaea, 'PanFS'],
  [0x786f4256, 'a VirtualBox shared folder'],
  [0xbacbacbc, 'a VMware shared folder'],
  [0x7c7c6673, 'a Parallels shared folder'],
]);

/** The name of the network file system of this `statfs` type; `null`: none that is known. */
export function networkDisk(statfsType: number): string | null {
  return networkDisks.get(statfsType >>> 0) ?? null;
}
