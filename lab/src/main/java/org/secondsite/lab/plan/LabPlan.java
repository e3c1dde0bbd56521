package org.secondsite.lab.plan;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A whole lab as data.
 *
 * @param options what was chosen
 * @param paths where its files are
 * @param topology namespaces and wires
 * @param files configuration by path
 * @param processes all of them, in the order of start
 */
public record LabPlan(
        LabOptions options, LabPaths paths, Topology topology, Map<Path, String> files, List<ProcessPlan> processes) {

    /** Computes the plan. */
    public static LabPlan of(LabOptions options, GuestFiles guest, JavaRuntime java) {
        LabPaths paths = new LabPaths(options.name());
        Map<Path, String> files = new LinkedHashMap<>(RouterFiles.of(options, paths));
        files.putAll(ServiceFiles.of(options, paths, guest));
        List<ProcessPlan> processes = new ArrayList<>();
        processes.add(bird(paths, Role.CORE, Optional.empty(), Topology.core(options.name()), "core"));
        processes.add(wan(options, paths, java));
        JavaRuntime product = java.with(options.javaOption());
        for (WitnessNode node : options.witnessNodes()) {
            processes.add(witness(node, paths, product));
        }
        for (Site site : options.fleet().sites()) {
            processes.addAll(site(options, paths, site, guest, product));
        }
        if (options.fakeClocks()) {
            processes.replaceAll(
                    process -> FakeClock.isFor(process.role()) ? FakeClock.given(paths, process) : process);
            processes.stream()
                    .filter(process -> FakeClock.isFor(process.role()))
                    .forEach(process -> files.put(FakeClock.file(paths, process.name()), ClockOffset.NONE.text()));
        }
        java.other()
                .ifPresent(other -> files.replaceAll(
                        (file, text) -> other.understood(file.getFileName().toString(), text)));
        List<ProcessPlan> all =
                java.other().map(other -> other.started(processes)).orElse(List.copyOf(processes));
        return new LabPlan(options, paths, Topology.of(options), files, all);
    }

    /** The processes of one site, QEMU only of VMs that start there. */
    public List<ProcessPlan> processesOf(Site site) {
        return processes.stream()
                .filter(process -> process.site().equals(Optional.of(site)))
                .toList();
    }

    private static List<ProcessPlan> site(
            LabOptions options, LabPaths paths, Site site, GuestFiles guest, JavaRuntime java) {
        List<ProcessPlan> processes = new ArrayList<>();
        String host = Topology.hypervisor(options.name(), site);
        for (LabVm vm : options.fleet().startingAt(site)) {
            processes.add(new ProcessPlan(
                    Role.QEMU,
                    Optional.of(site),
                    vm.process(site),
                    host,
                    0,
                    GuestCommand.first(options.guest(), options.network(), vm, paths, site, guest)));
        }
        if (site == Site.A) {
            processes.addAll(frr(options.name(), paths, site));
        }
        options.network().uplinks(site).stream()
                .filter(RouterFiles::isBird)
                .forEach(uplink -> processes.add(bird(
                        paths, Role.ROUTER, Optional.of(site), uplink.namespace(options.name()), uplink.process())));
        processes.addAll(SwitchCommands.processes(options.name(), paths, site));
        processes.add(gateway(options, paths, site, java));
        if (options.network().isDual() && options.network().mode() == Network.Mode.ROUTED) {
            processes.add(bird(
                    paths,
                    Role.ROUTER,
                    Optional.of(site),
                    Topology.gateway(options.name(), site),
                    RouterFiles.advertiser(site)));
        }
        processes.add(new ProcessPlan(
                Role.AGENT,
                Optional.of(site),
                "agent-" + site.id(),
                host,
                0,
                java.worker(
                        384,
                        "org.secondsite.appliance.Main",
                        List.of(
                                "agent",
                                "--config",
                                ServiceFiles.agentFile(paths, site).toString()))));
        return processes;
    }

    private static ProcessPlan gateway(LabOptions options, LabPaths paths, Site site, JavaRuntime java) {
        String main = options.hold() ? "org.secondsite.appliance.Main" : "org.secondsite.lab.UnheldGateway";
        return new ProcessPlan(
                Role.GATEWAY,
                Optional.of(site),
                "gateway-" + site.id(),
                Topology.gateway(options.name(), site),
                0,
                java.worker(
                        512,
                        main,
                        List.of(
                                "gateway",
                                "--config",
                                ServiceFiles.gatewayFile(paths, site).toString())));
    }

    private static ProcessPlan witness(WitnessNode node, LabPaths paths, JavaRuntime java) {
        return new ProcessPlan(
                Role.WITNESS,
                Optional.empty(),
                node.process(),
                node.namespace(),
                0,
                java.light(
                        96,
                        "org.secondsite.appliance.Main",
                        List.of(
                                "witness",
                                "--config",
                                ServiceFiles.witnessFile(paths, node).toString())));
    }

    private static ProcessPlan wan(LabOptions options, LabPaths paths, JavaRuntime java) {
        List<String> arguments = new ArrayList<>(List.of(paths.wanControl().toString(), "1"));
        options.fleet().sites().forEach(site -> arguments.add(site.id() + "=" + site.id() + "0"));
        options.witnessNodes().forEach(node -> arguments.add(node.port() + "=" + node.emulatorInterface()));
        return new ProcessPlan(
                Role.WAN,
                Optional.empty(),
                "wan",
                Topology.wan(options.name()),
                -5, // its punctuality is part of what is measured
                java.light(64, "org.secondsite.lab.wan.io.WanMain", arguments));
    }

    private static ProcessPlan bird(LabPaths paths, Role role, Optional<Site> site, String namespace, String name) {
        return new ProcessPlan(
                role,
                site,
                name,
                namespace,
                ProcessPlan.MACHINE_OF_ITS_OWN,
                List.of(
                        "bird",
                        "-f",
                        "-c",
                        paths.file(name + ".conf").toString(),
                        "-s",
                        paths.file(name + ".ctl").toString(),
                        "-P",
                        paths.file(name + ".pid").toString()));
    }

    private static List<ProcessPlan> frr(String lab, LabPaths paths, Site site) {
        return List.of(
                frrDaemon(lab, paths, site, "zebra"),
                frrDaemon(
                        lab,
                        paths,
                        site,
                        "bfdd",
                        "--bfdctl",
                        paths.frrDirectory().resolve("bfdd.sock").toString()),
                frrDaemon(lab, paths, site, "bgpd"));
    }

    private static ProcessPlan frrDaemon(String lab, LabPaths paths, Site site, String daemon, String... more) {
        Path directory = paths.frrDirectory();
        List<String> command = new ArrayList<>(List.of(
                "/usr/lib/frr/" + daemon,
                "-u",
                "frr",
                "-g",
                "frr",
                "-f",
                directory.resolve(daemon + ".conf").toString(),
                "-i",
                directory.resolve(daemon + ".pid").toString(),
                "-z",
                directory.resolve("zserv.api").toString(),
                "--vty_socket",
                directory.toString(),
                "-A",
                "127.0.0.1",
                "-P",
                "0"));
        command.addAll(List.of(more));
        return new ProcessPlan(
                Role.ROUTER,
                Optional.of(site),
                "router-" + site.id() + "-" + daemon,
                Topology.router(lab, site),
                ProcessPlan.MACHINE_OF_ITS_OWN,
                command);
    }
}
