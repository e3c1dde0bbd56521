package org.secondsite.config;

/** How an agent finds the pages of a VM's RAM that were written since the last checkpoint. */
public enum DirtyPages {
    /** By write protection in the kernel where that is possible and complete, otherwise by comparing. */
    AUTO,
    /** By comparing all RAM with a copy while the VM is paused. */
    COMPARE
}
