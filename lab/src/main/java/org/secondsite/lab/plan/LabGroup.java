package org.secondsite.lab.plan;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A protection group of the lab.
 *
 * @param name the product's
 * @param home the site that owns it at first
 * @param network the first three numbers of its VMs' IPv4 addresses
 * @param vms its VMs; of several, the second is the {@link #store} and the others ask it
 */
public record LabGroup(String name, Site home, String network, List<LabVm> vms) {
    private static final int FIRST_HOST = 10;
    private static final int STORE = 2;

    /** Copies the list. */
    public LabGroup {
        vms = List.copyOf(vms);
    }

    /** The group that every lab has, with so many VMs. */
    static LabGroup web(int vms) {
        return of(LabNumbers.GROUP, Site.A, "203.0.113", "vm", "52:54:00:c0:10:", vms);
    }

    /** The group of the other site. */
    static LabGroup mail(int vms) {
        return of(LabNumbers.OTHER_GROUP, Site.B, "192.0.2", "mail", "52:54:00:c0:20:", vms);
    }

    private static LabGroup of(String name, Site home, String network, String vm, String mac, int vms) {
        List<LabVm> all = IntStream.rangeClosed(1, vms)
                .mapToObj(number -> new LabVm(
                        vm + number,
                        mac + "%02x".formatted(number),
                        address(network, number),
                        network + ".1",
                        vms == 1 || number == STORE ? Optional.empty() : Optional.of(address(network, STORE))))
                .toList();
        return new LabGroup(name, home, network, all);
    }

    private static String address(String network, int number) {
        return network + "." + (FIRST_HOST + number - 1);
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

    /** The VMs that ask the store for every answer. */
    public List<LabVm> frontEnds() {
        return vms.stream().filter(vm -> vm.store().isPresent()).toList();
    }
}
