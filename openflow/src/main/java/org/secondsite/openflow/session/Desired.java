package org.secondsite.openflow.session;

import java.util.List;
import org.secondsite.openflow.VmAttachment;

/**
 * What a switch shall do.
 *
 * @param term the term under which it is told so, at least 1: the generation of the master role
 * @param vms the VMs of the switch
 */
public record Desired(long term, List<VmAttachment> vms) {
    /**
     * Copies the list.
     *
     * @throws IllegalArgumentException if the term is no granted one
     */
    public Desired {
        vms = List.copyOf(vms);
        if (term < 1) {
            throw new IllegalArgumentException("term " + term + " was never granted");
        }
    }
}
