package org.secondsite.lab.plan;

import java.util.List;

/**
 * Which VMs a lab has.
 *
 * @param web in the group that site a owns at first
 * @param mail in a second group, which site b owns at first; 0 for no such group
 * @param news in a third group, which site c owns at first; if there is one, the lab is a ring, in which the next site stands by for each
 */
public record Fleet(int web, int mail, int news) {
    /** One VM in one group. */
    public static final Fleet ONE = new Fleet(1, 0);

    /** Three sites with a VM each. */
    public static final Fleet RING = new Fleet(1, 1, 1);

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
        if (news < 0 || news > MAX_OF_A_GROUP || (news > 0 && mail == 0)) {
            throw new IllegalArgumentException(news + " VMs of a third site's group, beside " + mail
                    + ", are not between 0 and " + MAX_OF_A_GROUP + ", and after a second group");
        }
    }

    /** With two sites. */
    public Fleet(int web, int mail) {
        this(web, mail, 0);
    }

    /**
     * With so many sites; three are a ring.
     *
     * @param sites 2 or 3
     * @param web in the group that site a owns at first
     * @param mail in that of site b
     * @throws IllegalArgumentException in words
     */
    public static Fleet of(int sites, int web, int mail) {
        if (sites != Site.PAIR.size() && sites != Site.values().length) {
            throw new IllegalArgumentException(sites + " sites are not 2 or 3");
        }
        return new Fleet(web, mail, sites == Site.PAIR.size() ? 0 : 1);
    }

    /** Whether there are three sites. */
    public boolean hasThreeSites() {
        return news > 0;
    }

    /** Its sites. */
    public List<Site> sites() {
        return hasThreeSites() ? List.of(Site.values()) : Site.PAIR;
    }

    /** The groups, that of every lab first. */
    public List<LabGroup> groups() {
        if (hasThreeSites()) {
            return List.of(LabGroup.web(web), LabGroup.mail(mail, Site.C), LabGroup.news(news));
        }
        LabGroup first = LabGroup.web(web);
        if (mail == 0) {
            return List.of(first);
        }
        LabGroup second = LabGroup.mail(mail, Site.A);
        return List.of(
                first, first.store().filter(_ -> mail == 1).map(second::asking).orElse(second));
    }

    /** The VMs, of whatever group, that ask a VM for every answer. */
    public List<LabVm> asking(LabVm store) {
        return vms().stream()
                .filter(vm -> vm.store().filter(store.address()::equals).isPresent())
                .toList();
    }

    /** The groups of a site and another one. */
    public List<LabGroup> groupsOf(Site site) {
        return groups().stream().filter(group -> group.isOf(site)).toList();
    }

    /** The VMs that run at a site, or may. */
    public List<LabVm> vmsOf(Site site) {
        return groupsOf(site).stream().flatMap(group -> group.vms().stream()).toList();
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
