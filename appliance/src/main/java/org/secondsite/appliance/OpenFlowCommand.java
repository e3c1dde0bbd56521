package org.secondsite.appliance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.SwitchId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.gateway.SwitchPlan;
import org.secondsite.gateway.management.ManagementClient;
import org.secondsite.openflow.ControllerSettings;
import org.secondsite.openflow.Preflight;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Sharing;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.io.DatabaseLook;
import org.secondsite.openflow.ovsdb.Bridge;
import org.secondsite.openflow.pipeline.FlowDifference;
import org.secondsite.openflow.pipeline.FlowText;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.pipeline.PortTable;
import org.secondsite.openflow.preflight.BridgeCheck;
import org.secondsite.openflow.preflight.Finding;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code secondsite openflow}. */
@Command(
        name = "openflow",
        description =
                "Look whether the switches are fit to hold protected VMs (check), or at the flows they get (plan, diff).",
        subcommands = {OpenFlowCommand.Check.class, OpenFlowCommand.Plan.class, OpenFlowCommand.Diff.class})
final class OpenFlowCommand implements Runnable {
    private static final int DATABASE_TIMEOUT_MS = 5000;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "what of the switches? (see --help)");
    }

    /** A gateway's configuration that has switches. */
    static final class Configured {
        @Option(
                names = "--config",
                required = true,
                paramLabel = "FILE",
                description = "The gateway's configuration file.")
        private Path config;

        GatewayConfig read() throws IOException {
            GatewayConfig read = Configurations.require(ConfigReader.readGateway(config));
            if (read.openflow().isEmpty()) {
                throw new IllegalArgumentException(config + " has no section openflow");
            }
            return read;
        }
    }

    /** {@code secondsite openflow check}. */
    @Command(
            name = "check",
            description =
                    "Ask each switch's database, and the gateway if it runs, whether the switch is fit. Changes nothing.")
    static final class Check implements Callable<Integer> {
        @Mixin
        private Configured configured;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException {
            GatewayConfig config = configured.read();
            PrintWriter out = spec.commandLine().getOut();
            Map<String, String> told = told(config);
            boolean allFit = true;
            ControllerSettings settings = SwitchPlan.settings(config.openflow().orElseThrow());
            for (SwitchSettings one : settings.switches()) {
                out.println(one.id() + ":");
                allFit &=
                        database(one, settings.tls(), SwitchPlan.vms(config.groups(), one.id(), _ -> Role.OWNER), out);
                String standing = told.getOrDefault(one.id().name(), "");
                if (!standing.isEmpty()) {
                    out.println("  the gateway says: " + standing);
                    allFit &= !standing.startsWith("refused");
                }
            }
            return allFit ? 0 : 1;
        }

        private static boolean database(
                SwitchSettings one, Optional<TlsFiles> tls, List<VmAttachment> vms, PrintWriter out) {
            if (one.database().isEmpty()) {
                out.println(
                        "  no database is configured: fail_mode, in-band control, mirrors and back-off are not known");
                return true;
            }
            Optional<Bridge> bridge;
            try {
                bridge = DatabaseLook.at(one.database().get(), tls, one.datapathId(), DATABASE_TIMEOUT_MS);
            } catch (IOException e) {
                out.println("  its database is not reached: " + e.getMessage());
                return false;
            }
            if (bridge.isEmpty()) {
                out.println("  its database has no bridge of this datapath id");
                return false;
            }
            List<Finding> findings = BridgeCheck.of(bridge.get(), one.gatewayPort(), vms);
            for (Finding finding : findings) {
                boolean isMended =
                        one.preflight() == Preflight.MEND && finding.remedy().isPresent();
                out.println("  " + (finding.weight() == Finding.Weight.UNSAFE ? "unsafe: " : "limiting: ")
                        + finding.what() + (isMended ? " (the gateway mends it)" : ""));
            }
            out.print(findings.isEmpty() ? "  bridge " + bridge.get().name() + " is as it has to be\n" : "");
            return findings.stream().noneMatch(finding -> finding.weight() == Finding.Weight.UNSAFE);
        }

        /** What a running gateway says of each switch; nothing if none runs. */
        private static Map<String, String> told(GatewayConfig config) {
            Map<String, String> told = new HashMap<>();
            try {
                JsonNode status = ManagementClient.ask(config.management().socket(), "status", Map.of());
                status.path("switches")
                        .forEach(sw -> told.put(
                                sw.path("name").asText(), sw.path("preflight").asText()));
            } catch (IOException e) {
                // None runs, or not here.
                return Map.of();
            }
            return told;
        }
    }

    /** Which switch of the configuration is meant, and its ports. */
    static final class Chosen {
        @Mixin
        private Configured configured;

        @Option(names = "--switch", paramLabel = "NAME", required = true, description = "The switch.")
        private String name;

        @Option(
                names = "--ports",
                split = ",",
                paramLabel = "PORT=NUMBER",
                description = "The numbers of its ports; those that are not given are counted from 1.")
        private Map<String, Integer> ports = new HashMap<>();

        Pipeline pipeline(Role role, CommandLine line) throws IOException {
            GatewayConfig config = configured.read();
            SwitchSettings settings = SwitchPlan.settings(config.openflow().orElseThrow()).switches().stream()
                    .filter(one -> one.id().equals(new SwitchId(name)))
                    .findFirst()
                    .orElseThrow(() -> new ParameterException(line, "there is no switch '" + name + "'"));
            List<VmAttachment> vms = SwitchPlan.vms(config.groups(), settings.id(), _ -> role);
            Map<String, Integer> numbers = new HashMap<>(ports);
            List<String> names = new ArrayList<>(List.of(settings.gatewayPort()));
            vms.forEach(vm -> names.add(vm.portName()));
            int next = 1;
            for (String port : names) {
                while (!numbers.containsKey(port)) {
                    if (!numbers.containsValue(next)) {
                        numbers.put(port, next);
                    }
                    next++;
                }
            }
            return Pipeline.of(Layout.TABLES, settings.gatewayPort(), vms, PortTable.of(numbers));
        }
    }

    /** {@code secondsite openflow plan}. */
    @Command(name = "plan", description = "The flows of a switch, as lines for 'ovs-ofctl --bundle add-flows'.")
    static final class Plan implements Callable<Integer> {
        @Mixin
        private Chosen chosen;

        @Option(
                names = "--role",
                defaultValue = "owner",
                description =
                        "What this site is to the protected VMs: ${COMPLETION-CANDIDATES} (default ${DEFAULT-VALUE}).")
        private Role role;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException {
            PrintWriter out = spec.commandLine().getOut();
            chosen.pipeline(role, spec.commandLine()).flows().stream()
                    .map(FlowText::addition)
                    .forEach(out::println);
            return 0;
        }
    }

    /** {@code secondsite openflow diff}. */
    @Command(
            name = "diff",
            description = "What a change of roles changes, as lines for 'ovs-ofctl --bundle add-flows'.")
    static final class Diff implements Callable<Integer> {
        @Mixin
        private Chosen chosen;

        @Option(names = "--from", required = true, description = "The role before: ${COMPLETION-CANDIDATES}.")
        private Role from;

        @Option(names = "--to", required = true, description = "The role afterwards.")
        private Role to;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException {
            PrintWriter out = spec.commandLine().getOut();
            InstalledFlows before = new InstalledFlows(
                    chosen.pipeline(from, spec.commandLine()).flows().stream()
                            .map(flow -> new InstalledFlows.Known(flow, 0, 0))
                            .toList(),
                    List.of(),
                    0);
            Pipeline after = chosen.pipeline(to, spec.commandLine());
            FlowText.lines(FlowDifference.between(after, before, Sharing.EXCLUSIVE))
                    .forEach(out::println);
            return 0;
        }
    }
}
