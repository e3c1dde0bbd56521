package org.secondsite.lab.plan;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A site's Open vSwitch with its user-space datapath and a database of its own. */
public final class SwitchCommands {
    private static final String SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";

    private static final int FIRST_VM_PORT = 2;

    private SwitchCommands() {}

    static List<ProcessPlan> processes(String lab, LabPaths paths, Site site) {
        Path directory = paths.switchDirectory(site);
        String namespace = Topology.hypervisor(lab, site);
        return List.of(
                new ProcessPlan(
                        Role.SWITCH,
                        Optional.of(site),
                        "switch-" + site.id() + "-db",
                        namespace,
                        ProcessPlan.MACHINE_OF_ITS_OWN,
                        List.of(
                                "env",
                                "OVS_RUNDIR=" + directory,
                                "ovsdb-server",
                                database(directory),
                                "--remote=punix:" + directory.resolve("db.sock"),
                                "--pidfile=" + directory.resolve("ovsdb.pid"),
                                "--unixctl=" + directory.resolve("ovsdb.ctl"),
                                "--no-chdir",
                                "-vsyslog:off")),
                new ProcessPlan(
                        Role.SWITCH,
                        Optional.of(site),
                        "switch-" + site.id(),
                        namespace,
                        ProcessPlan.MACHINE_OF_ITS_OWN,
                        List.of(
                                "env",
                                "OVS_RUNDIR=" + directory,
                                "ovs-vswitchd",
                                socket(directory),
                                "--pidfile=" + directory.resolve("vswitchd.pid"),
                                "--unixctl=" + directory.resolve("vswitchd.ctl"),
                                "--no-chdir",
                                "-vsyslog:off")));
    }

    /** Makes the empty database, before the processes start. */
    public static List<String> createDatabase(LabPaths paths, Site site) {
        return List.of("ovsdb-tool", "create", database(paths.switchDirectory(site)), SCHEMA);
    }

    /**
     * Describes the bridge in the database, once its server runs. Without a controller it forwards nothing (fail_mode=secure),
     * and no hidden flows let the controller's own traffic in (disable-in-band).
     */
    public static List<String> configure(LabPaths paths, Site site, Fleet fleet) {
        StringBuilder ports = new StringBuilder();
        int number = FIRST_VM_PORT;
        for (LabVm vm : fleet.vmsOf(site)) {
            ports.append(port(vm.name(), number++));
        }
        return List.of((database(paths, site)
                        + " -- init -- add-br br0"
                        + " -- set bridge br0 datapath_type=netdev fail_mode=secure protocols=OpenFlow14"
                        + " other-config:datapath-id=" + site.datapathId()
                        + " other-config:disable-in-band=true"
                        + port("gw", 1)
                        + ports)
                .split(" ", -1));
    }

    private static String port(String name, int number) {
        return " -- add-port br0 " + name + " -- set interface " + name + " ofport_request=" + number;
    }

    /**
     * Gives the bridge its controller. Once it has had a session it retries every second; before its first it does not obey
     * {@code max_backoff}, and after three failures waits for eight (Open vSwitch 3.1), so the controller had better listen.
     */
    public static List<String> control(LabPaths paths, Site site) {
        String controller = "tcp:" + site.gatewayHostAddress() + ":" + LabNumbers.OPENFLOW_PORT;
        return List.of((database(paths, site)
                        + " -- set-controller br0 " + controller
                        + " -- set controller br0 max_backoff=1000 inactivity_probe=5000")
                .split(" ", -1));
    }

    /** Takes the VM's port off the switch. */
    public static List<String> unplugVm(LabPaths paths, Site site) {
        return List.of((database(paths, site) + " -- del-port br0 " + LabNumbers.VM).split(" ", -1));
    }

    /** Gives the switch the VM's port again. */
    public static List<String> plugVm(LabPaths paths, Site site) {
        return List.of((database(paths, site) + port(LabNumbers.VM, FIRST_VM_PORT)).split(" ", -1));
    }

    private static String database(LabPaths paths, Site site) {
        return "ovs-vsctl --db=" + socket(paths.switchDirectory(site)) + " --no-wait";
    }

    /** Where {@code ovs-ofctl} and {@code ovs-appctl} find the switch. */
    public static Path management(LabPaths paths, Site site) {
        return paths.switchDirectory(site).resolve("br0.mgmt");
    }

    private static String database(Path directory) {
        return directory.resolve("conf.db").toString();
    }

    private static String socket(Path directory) {
        return "unix:" + directory.resolve("db.sock");
    }
}
