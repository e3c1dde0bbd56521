package org.secondsite.replicator.disk;

/**
 * The images of a VM's disks, as those see them who have a hypervisor write a copy of a disk that the VM has elsewhere. Disks are
 * called by their configured names, each of which must be one of a served image.
 */
public interface MirrorTargets {
    /** Whether the image is such a copy; if not, it is itself what the VM ran on last. */
    boolean isMirror(String disk);

    /** The size of the image. */
    long bytes(String disk);

    /** The image is about to be written all over, and most of it may be there already. */
    void begins(String disk);

    /** From now on only what the VM changes is written. */
    void isWhole(String disk);
}
