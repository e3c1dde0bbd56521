package org.secondsite.lab.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The namespaces of a lab and the wires between them. P is the lab's name. A witness of three nodes has P-w1, P-w2 and P-w3 in
 * place of P-w. In mode transparent a second wire, vm0 to out0, is between router and gateway: by up0 go BGP and nothing of the VM. A site
 * with two routers has P-ra2 beside P-ra, from the core's ra1 to the gateway's up1.
 *
 * <pre>
 *   P-client eth0 ─── cl0 P-core ra0 ─── up P-ra gw0 ─── up0 P-ga in0 ─── gw  P-sa (Open vSwitch, taps vm1 …, QEMU, agent)
 *                            rb0 ─┐                          hv0 ─── hv0
 *                                 │                          wan0 ─── a0 P-wan b0 ─── wan0 P-gb …
 *                                 └ up P-rb gw0 ─── up0 P-gb             w0 ─── wan0 P-w (witness)
 * </pre>
 */
public record Topology(List<NamespacePlan> namespaces, List<Wire> wires) {
    /** A gateway's interface towards its router. */
    static final String ROUTED_UPLINK = "up0";

    /** That towards the second one. */
    static final String SECOND_UPLINK = "up1";

    /** A gateway's interface on the other side of the bump. */
    static final String OUTSIDE = "out0";

    /** The topology of a lab of that name with one witness. */
    public static Topology of(String lab) {
        return of(lab, 1, Network.USUAL, Fleet.ONE);
    }

    /** The topology that was chosen. */
    public static Topology of(LabOptions options) {
        return of(options.name(), options.witnesses(), options.network(), options.fleet());
    }

    private static Topology of(String lab, int witnesses, Network network, Fleet fleet) {
        List<NamespacePlan> namespaces = new ArrayList<>();
        List<Wire> wires = new ArrayList<>();
        boolean dual = network.isDual();
        namespaces.add(host(client(lab), routes(dual, LabNumbers.CLIENT_GATEWAY, LabNumbers.CLIENT_GATEWAY6)));
        namespaces.add(new NamespacePlan(core(lab), true, List.of(), List.of()));
        namespaces.add(host(wan(lab)));
        wires.add(new Wire(
                end(client(lab), "eth0", both(dual, LabNumbers.CLIENT_ADDRESS + "/24", LabNumbers.CLIENT_ADDRESS6)),
                end(core(lab), "cl0", both(dual, LabNumbers.CLIENT_GATEWAY + "/24", LabNumbers.CLIENT_GATEWAY6))));
        for (WitnessNode node : WitnessNode.of(lab, witnesses)) {
            namespaces.add(host(node.namespace()));
            wires.add(new Wire(
                    plain(node.namespace(), "wan0", node.address() + "/24"),
                    plain(wan(lab), node.emulatorInterface(), "")));
        }
        for (Site site : fleet.sites()) {
            addSite(lab, network, fleet, site, namespaces, wires);
        }
        return new Topology(List.copyOf(namespaces), List.copyOf(wires));
    }

    private static void addSite(
            String lab, Network network, Fleet fleet, Site site, List<NamespacePlan> namespaces, List<Wire> wires) {
        boolean dual = network.isDual();
        String router = router(lab, site);
        String gateway = gateway(lab, site);
        String host = hypervisor(lab, site);
        // With two routers the gateway learns its ways.
        List<String> ways =
                network.isRedundant() ? List.of() : routes(dual, site.routerAddress(), site.routerAddress6());
        namespaces.add(new NamespacePlan(gateway, true, List.of(), ways));
        List<String> taps = fleet.vmsOf(site).stream().map(LabVm::name).toList();
        namespaces.add(new NamespacePlan(host, false, taps, List.of()));
        network.uplinks(site).forEach(uplink -> addRouter(lab, uplink, dual, namespaces, wires));
        if (network.mode() == Network.Mode.TRANSPARENT) {
            wires.add(new Wire(
                    new Wire.End(
                            router,
                            "vm0",
                            both(dual, LabNumbers.INSIDE_ADDRESS + "/24", LabNumbers.INSIDE_ADDRESS6),
                            LabNumbers.INSIDE_MAC,
                            true),
                    plain(gateway, OUTSIDE, "")));
        }
        // The gateway's data plane gives in0 its address itself.
        wires.add(new Wire(plain(gateway, "in0", ""), plain(host, "gw", "")));
        wires.add(new Wire(
                end(gateway, "hv0", List.of(site.gatewayHostAddress() + "/24")),
                end(host, "hv0", List.of(site.hostAddress() + "/24"))));
        wires.add(new Wire(plain(gateway, "wan0", site.wanAddress() + "/24"), plain(wan(lab), site.id() + "0", "")));
    }

    private static void addRouter(
            String lab, Uplink uplink, boolean dual, List<NamespacePlan> namespaces, List<Wire> wires) {
        String router = uplink.namespace(lab);
        namespaces.add(
                new NamespacePlan(router, true, List.of(), routes(dual, uplink.coreAddress(), uplink.coreAddress6())));
        wires.add(new Wire(
                end(core(lab), uplink.coreInterface(), both(dual, uplink.coreAddress() + "/30", uplink.coreAddress6())),
                end(router, "up", both(dual, uplink.routerCoreAddress() + "/30", uplink.routerCoreAddress6()))));
        wires.add(new Wire(
                end(router, "gw0", both(dual, uplink.routerAddress() + "/24", uplink.routerAddress6())),
                end(
                        gateway(lab, uplink.site()),
                        uplink.gatewayInterface(),
                        both(dual, uplink.uplinkAddress() + "/24", uplink.uplinkAddress6()))));
    }

    private static NamespacePlan host(String name) {
        return host(name, List.of());
    }

    private static NamespacePlan host(String name, List<String> routes) {
        return new NamespacePlan(name, false, List.of(), routes);
    }

    private static List<String> routes(boolean dual, String gateway, String gateway6) {
        String default4 = "default via " + gateway;
        return dual ? List.of(default4, "default via " + gateway6) : List.of(default4);
    }

    private static List<String> both(boolean dual, String address, String address6) {
        return dual ? List.of(address, address6 + "/64") : List.of(address);
    }

    private static Wire.End end(String namespace, String name, List<String> addresses) {
        return new Wire.End(namespace, name, addresses, "", true);
    }

    private static Wire.End plain(String namespace, String name, String address) {
        return new Wire.End(namespace, name, address.isEmpty() ? List.of() : List.of(address), "", false);
    }

    /** Whether any interface has an IPv6 address. */
    public boolean hasIpv6() {
        return wires.stream()
                .flatMap(wire -> Stream.concat(wire.one().addresses().stream(), wire.other().addresses().stream()))
                .anyMatch(address -> address.contains(":"));
    }

    /** Where the outside client runs. */
    public static String client(String lab) {
        return lab + "-client";
    }

    /** The core router's. */
    public static String core(String lab) {
        return lab + "-core";
    }

    /** The emulator's. */
    public static String wan(String lab) {
        return lab + "-wan";
    }

    /** A site's router's. */
    public static String router(String lab, Site site) {
        return lab + "-r" + site.id();
    }

    /** That of the second router of a site that has two. */
    public static String secondRouter(String lab, Site site) {
        return router(lab, site) + "2";
    }

    /** A site's gateway's. */
    public static String gateway(String lab, Site site) {
        return lab + "-g" + site.id();
    }

    /** A site's hypervisor host's: switch, agent and QEMU. */
    public static String hypervisor(String lab, Site site) {
        return lab + "-s" + site.id();
    }
}
