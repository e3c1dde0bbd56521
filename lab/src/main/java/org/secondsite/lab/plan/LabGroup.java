package org.secondsite.lab.plan;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A protection group of the lab.
 *
 * @param name the product's
 * @param home the site that owns it at first
 * @param standby the other site
 * @param network the first three numbers of its VMs' IPv4 addresses
 * @param vms its VMs; of several, the second is the {@link #store} and the others ask it; one alone in the group of the other site asks that
 *     of the group that every lab has
 */
public record LabGroup(String name, Site home, Site standby, String network, List<LabVm> vms) {
    private static final int FIRST_HOST = 10;
    private static final int STORE = 2;

    /** Copies the list. */
    public LabGroup {
        vms = List.copyOf(vms);
    }

    /** The group that every lab has, with so many VMs. */
    static LabGroup web(int vms) {
        return of(LabNumbers.GROUP, Site.A, Site.B, "203.0.113", "vm", "52:54:00:c0:10:", vms);
    }

    /** The group of the third site of a ring. */
    static LabGroup news(int vms) {
        return of("news", Site.C, Site.A, "198.18.3", "news", "52:54:00:c0:30:", vms);
    }

    /** The group of the other site, for which this one stands by. */
    static LabGroup mail(int vms, Site standby) {
        return of(LabNumbers.OTHER_GROUP, Site.B, standby, "192.0.2", "mail", "52:54:00:c0:20:", vms);
    }

    private static LabGroup of(String name, Site home, Site standby, String network, String vm, String mac, int vms) {
        List<LabVm> all = IntStream.rangeClosed(1, vms)
                .mapToObj(number -> new LabVm(
                        vm + number,
                        mac + "%02x".formatted(number),
                        address(network, number),
                        network + ".1",
                        vms == 1 || number == STORE ? Optional.empty() : Optional.of(address(network, STORE))))
                .toList();
        return new LabGroup(name, home, standby, network, all);
    }

    private static String address(String network, int number) {
        return network + "." + (FIRST_HOST + number - 1);
    }

    /** Whether it is of this site. */
    public boolean isOf(Site site) {
        return site == home || site == standby;
    }

    /** The site of its two that is not this one. */
    public Site other(Site site) {
        return site == home ? standby : home;
    }

    /** What is announced for it. */
    public String prefix() {
        return network + ".0/24";
    }

    /** The same in two halves, which a promoted site announces. */
    List<String> halves() {
        return List.of(network + ".0/25", network + ".128/25");
    }

    /** The first hop of its VMs. */
    String firstHop() {
        return network + ".1";
    }

    /** The VM that the others ask for every answer; empty if there is only one VM. */
    public Optional<LabVm> store() {
        return vms.size() < STORE ? Optional.empty() : Optional.of(vms.get(STORE - 1));
    }

    /** The same, but its VMs ask that store. */
    LabGroup asking(LabVm store) {
        return new LabGroup(
                name,
                home,
                standby,
                network,
                vms.stream().map(vm -> vm.asking(store.address())).toList());
    }
}
