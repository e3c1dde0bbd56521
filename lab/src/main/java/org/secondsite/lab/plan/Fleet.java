package org.secondsite.lab.plan;

import java.util.List;

/**
 * Which VMs a lab has.
 *
 * @param web in the group that site a owns at first
 * @param mail in a second group, which site b owns at first; 0 for no such group
 */
public record Fleet(int web, int mail) {
    /** One VM in one group. */
    public static final Fleet ONE = new Fleet(1, 0);

    private static final int MAX_OF_A_GROUP = 8;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException in words
     */
    public Fleet {
        if (web < 1 || web > MAX_OF_A_GROUP) {
            throw new IllegalArgumentException(web + " VMs are not between 1 and " + MAX_OF_A_GROUP);
        }
        if (mail < 0 || mail > MAX_OF_A_GROUP) {
            throw new IllegalArgumentException(
                    mail + " VMs of the other site's group are not between 0 and " + MAX_OF_A_GROUP);
        }
    }

    /** The groups, that of every lab first. */
    public List<LabGroup> groups() {
        return mail == 0 ? List.of(LabGroup.web(web)) : List.of(LabGroup.web(web), LabGroup.mail(mail));
    }

    /** The VMs of all groups, that of every lab first. */
    public List<LabVm> vms() {
        return groups().stream().flatMap(group -> group.vms().stream()).toList();
    }

    /** The VMs that run at a site at first. */
    List<LabVm> startingAt(Site site) {
        return groups().stream()
                .filter(group -> group.home() == site)
                .flatMap(group -> group.vms().stream())
                .toList();
    }
}
