package org.secondsite.openflow.preflight;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.ovsdb.Bridge;
import org.secondsite.openflow.ovsdb.Remedy;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.pipeline.PortTable;

/**
 * What a bridge has to be like to hold protected VMs.
 *
 * <pre>
 *  what                      default            has to be     otherwise
 *  fail_mode                 (standalone)       secure        it bridges by itself when the gateway is gone
 *  disable-in-band           false              true          hidden flows past the pipeline
 *  mirrors                   none               no VM's port  frames are copied past the gateway
 *  max_backoff               8000 ms            ≤ 1000 ms     it comes back late
 *  inactivity_probe          5000 ms            1–5000 ms     it does not notice that the gateway is gone
 *  flow_limit of a table     none               room for all  some VMs have no flows
 * </pre>
 */
public final class BridgeCheck {
    private static final long MAX_BACKOFF_MS = 1000;
    private static final long DEFAULT_BACKOFF_MS = 8000;
    private static final long MAX_PROBE_MS = 5000;

    private BridgeCheck() {}

    /**
     * Looks at a bridge.
     *
     * @param gatewayPort the name or number of the port towards the gateway
     * @param vms the VMs of the switch
     */
    public static List<Finding> of(Bridge bridge, String gatewayPort, List<VmAttachment> vms) {
        List<Finding> findings = new ArrayList<>();
        if (!bridge.failMode().equals("secure")) {
            findings.add(Finding.unsafe(
                    "fail_mode is " + (bridge.failMode().isEmpty() ? "standalone" : bridge.failMode()),
                    new Remedy.SetText("Bridge", bridge.id(), "fail_mode", "secure")));
        }
        if (!bridge.isOutOfBand()) {
            findings.add(Finding.unsafe(
                    "in-band control is not disabled", new Remedy.SetOption(bridge.id(), "disable-in-band", "true")));
        }
        mirrors(bridge, gatewayPort, vms, findings);
        bridge.controllers().forEach(controller -> timing(controller, findings));
        room(bridge, gatewayPort, vms, findings);
        return findings;
    }

    private static void mirrors(Bridge bridge, String gatewayPort, List<VmAttachment> vms, List<Finding> findings) {
        if (bridge.mirrors().isEmpty()) {
            return;
        }
        Set<String> ports = new HashSet<>(Set.of(gatewayPort));
        vms.forEach(vm -> ports.add(vm.portName()));
        for (Bridge.Mirror mirror : bridge.mirrors()) {
            Set<String> touched = new HashSet<>(mirror.selected());
            touched.addAll(mirror.output());
            touched.retainAll(ports);
            if (mirror.selectsAll() || !touched.isEmpty()) {
                String what = mirror.selectsAll() ? "every port" : "port " + String.join(", ", touched);
                findings.add(Finding.unsafe(
                        "mirror " + mirror.name() + " is on " + what,
                        new Remedy.RemoveMirror(bridge.id(), mirror.id())));
            }
        }
    }

    private static void timing(Bridge.Controller controller, List<Finding> findings) {
        // What waits to be dialled does not come back by itself.
        boolean isDialled =
                controller.target().startsWith("ptcp:") || controller.target().startsWith("pssl:");
        long backoffMs = controller.maxBackoffMs().orElse(DEFAULT_BACKOFF_MS);
        if (!isDialled && backoffMs > MAX_BACKOFF_MS) {
            findings.add(Finding.limiting(
                    "max_backoff of " + controller.target() + " is " + backoffMs + " ms",
                    new Remedy.SetNumber("Controller", controller.id(), "max_backoff", MAX_BACKOFF_MS)));
        }
        long probeMs = controller.inactivityProbeMs().orElse(MAX_PROBE_MS);
        if (probeMs <= 0 || probeMs > MAX_PROBE_MS) {
            findings.add(Finding.limiting(
                    "inactivity_probe of " + controller.target() + " is " + probeMs + " ms",
                    new Remedy.SetNumber("Controller", controller.id(), "inactivity_probe", MAX_PROBE_MS)));
        }
    }

    private static void room(Bridge bridge, String gatewayPort, List<VmAttachment> vms, List<Finding> findings) {
        if (bridge.flowLimits().isEmpty()) {
            return;
        }
        Map<Integer, Long> needed = needed(gatewayPort, vms);
        needed.forEach((table, flows) -> {
            long limit = bridge.flowLimits().getOrDefault(table, Long.MAX_VALUE);
            if (limit < flows) {
                findings.add(Finding.of(
                        Finding.Weight.LIMITING, "table " + table + " has room for " + limit + " flows of " + flows));
            }
        });
    }

    /** How many flows each table is to have, whatever the numbers of the ports are. */
    private static Map<Integer, Long> needed(String gatewayPort, List<VmAttachment> vms) {
        Map<String, Integer> ports = new TreeMap<>();
        ports.put(gatewayPort, 1);
        vms.forEach(vm -> ports.put(vm.portName(), ports.size() + 1));
        Map<Integer, Long> needed = new TreeMap<>();
        Pipeline.of(Layout.TABLES, gatewayPort, vms, PortTable.of(ports))
                .flows()
                .forEach(flow -> needed.merge(flow.key().table(), 1L, Long::sum));
        return needed;
    }
}
