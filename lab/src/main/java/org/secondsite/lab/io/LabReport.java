package org.secondsite.lab.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.secondsite.lab.plan.LabGroup;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.LabVm;
import org.secondsite.lab.plan.NamespacePlan;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.SwitchCommands;
import org.secondsite.lab.plan.Topology;
import org.secondsite.lab.plan.WitnessNode;

/** What {@code lab status --json} prints: every namespace, process, address, port and socket that a script may want. */
public final class LabReport {
    private static final ObjectMapper JSON = new ObjectMapper();

    private LabReport() {}

    /** The whole report. */
    public static ObjectNode of(Lab lab) throws IOException {
        ObjectNode report = JSON.createObjectNode();
        report.put("name", lab.name());
        report.put("directory", lab.paths().directory().toString());
        report.put("owner", owner(lab));
        report.put("clientNamespace", lab.clientNamespace());
        report.putObject("service")
                .put("address", LabNumbers.VM_ADDRESS)
                .put("echoPort", LabNumbers.ECHO_PORT)
                .put("tickPort", LabNumbers.TICK_PORT)
                .put("controlPort", LabNumbers.CONTROL_PORT);
        LabOptions options = lab.state().options();
        report.set("groups", groups(lab, options));
        ArrayNode processes = report.putArray("processes");
        for (LabProcess process : lab.processes()) {
            processes
                    .addObject()
                    .put("role", process.role().text())
                    .put("site", process.site().isEmpty() ? null : process.site())
                    .put("pid", process.pid())
                    .put("namespace", process.namespace())
                    .put("name", process.name())
                    .put("log", lab.paths().log(process.name()).toString());
        }
        ObjectNode uplinks = report.putObject("uplinks");
        for (Site site : options.fleet().sites()) {
            uplinks.putObject(site.id())
                    .put("namespace", Topology.gateway(lab.name(), site))
                    .put("interface", options.network().uplink());
        }
        ArrayNode namespaces = report.putArray("namespaces");
        Topology.of(options).namespaces().stream().map(NamespacePlan::name).forEach(namespaces::add);
        ArrayNode witnesses = report.putArray("witnesses");
        for (WitnessNode node : WitnessNode.of(lab.name(), options.witnesses())) {
            witnesses
                    .addObject()
                    .put("name", node.process())
                    .put("node", node.id())
                    .put("namespace", node.namespace())
                    .put("endpoint", node.endpoint())
                    .put("wanPort", node.port());
        }
        report.set("sockets", sockets(lab, options));
        return report;
    }

    private static ArrayNode groups(Lab lab, LabOptions options) throws IOException {
        ArrayNode groups = JSON.createArrayNode();
        for (LabGroup group : options.fleet().groups()) {
            ObjectNode one = groups.addObject()
                    .put("name", group.name())
                    .put("owner", owner(lab, group.name()))
                    .put("prefix", group.prefix());
            ArrayNode vms = one.putArray("vms");
            for (LabVm vm : group.vms()) {
                ObjectNode told = vms.addObject()
                        .put("name", vm.name())
                        .put("address", vm.address())
                        .put("mac", vm.mac())
                        .put("storePort", LabNumbers.STORE_PORT);
                if (vm.store().isPresent()) {
                    told.put("frontPort", LabNumbers.FRONT_PORT)
                            .put("store", vm.store().get());
                }
                ObjectNode qmp = told.putObject("qmp");
                for (Site site : List.of(group.home(), group.standby())) {
                    qmp.put(site.id(), lab.paths().vm(vm).testQmp(site).toString());
                }
            }
        }
        return groups;
    }

    private static ObjectNode sockets(Lab lab, LabOptions options) {
        ObjectNode sockets = JSON.createObjectNode();
        sockets.put("wan", lab.paths().wanControl().toString());
        sockets.put("core", lab.paths().file("core.ctl").toString());
        for (Site site : options.fleet().sites()) {
            boolean isOfFirst = options.fleet().groups().getFirst().isOf(site);
            ObjectNode one = sockets.putObject(site.id())
                    .put("management", lab.paths().management(site).toString());
            if (isOfFirst) {
                one.put("qmp", lab.paths().testQmp(site).toString());
            }
            one.put("switch", SwitchCommands.management(lab.paths(), site).toString());
            if (isOfFirst) {
                one.put("ram", lab.paths().ram(site).toString());
            }
        }
        return sockets;
    }

    /** The owner of the group that every lab has, in the newest record that a gateway knows, or {@code unknown} if none answers. */
    public static String owner(Lab lab) throws IOException {
        return owner(lab, LabNumbers.GROUP);
    }

    private static List<Site> sitesOf(Lab lab, String group) throws IOException {
        return lab.state().options().fleet().groups().stream()
                .filter(one -> one.name().equals(group))
                .flatMap(one -> Stream.of(one.home(), one.standby()))
                .toList();
    }

    private static String owner(Lab lab, String name) throws IOException {
        String owner = "unknown";
        long newestTerm = -1;
        for (Site site : sitesOf(lab, name)) {
            JsonNode group;
            try {
                group = new SiteView(lab, site, name).group();
            } catch (IOException e) {
                continue; // a dead gateway knows nothing
            }
            if (group.path("term").asLong(-1) > newestTerm) {
                newestTerm = group.path("term").asLong();
                owner = group.path("owner").asText("unknown");
            }
        }
        return owner;
    }
}
