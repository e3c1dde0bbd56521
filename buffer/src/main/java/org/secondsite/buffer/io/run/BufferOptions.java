package org.secondsite.buffer.io.run;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.RoutedSettings;
import org.secondsite.buffer.TenantAccess;
import org.secondsite.buffer.TransparentSettings;
import org.secondsite.buffer.io.ring.PortKind;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;

/** The options of {@link BufferRun}, read. Mutable only while they are read. */
final class BufferOptions {
    static final String USAGE = """
            usage: buffer run|verify|reset --mode routed|transparent --inside IF [options]
              --mode MODE            routed: the gateway is the VMs' first hop; transparent: a bump between two interfaces
              --inside IF            the VM-facing interface
              --outside IF           the other interface (transparent)
              --vm MAC[@VLAN][=ADDRESS,...]   a VM whose output is held; may be repeated
              --inside-mac MAC       the gateway's MAC address (routed; default 02:00:5e:00:01:01)
              --inside-address A/L   the gateway's address (routed; may be repeated)
              --uplink IF            the only interface by which the VMs' packets leave (routed)
              --closed ADDRESS       where nothing of the VMs may go, such as a witness (routed; may be repeated)
              --echo silent|answered whether the gateway's address answers to ping (routed; default silent)
              --release NAME         the name of the release pair (routed; default ssrel)
              --epoch-ms N           the time from one seal to the next (default 25)
              --commit-delay-ms D    the time from a seal to its commit (default 0)
              --port PORT            af-packet or pcap4j (default af-packet)
              --pool-mb N            memory for held packets (default 256)
              --vm-mb N              the most that one VM may hold (default 128)
              --seconds N            end after so long; otherwise at SIGINT or SIGTERM
            """;

    private static final Pattern VM = Pattern.compile("([0-9a-fA-F:]{17})(?:@(\\d{1,4}))?(?:=(\\S+))?");

    String verb = "run";
    boolean routed = true;
    String inside = "";
    String outside = "";
    MacAddress insideMac = MacAddress.parse("02:00:5e:00:01:01");
    final List<String> insideAddresses = new ArrayList<>();
    String uplink = "";
    final List<InetAddress> closed = new ArrayList<>();
    TenantAccess.Echo echo = TenantAccess.Echo.SILENT;
    String release = "ssrel";
    final List<ProtectedVm> vms = new ArrayList<>();
    int epochMillis = 25;
    int commitDelayMillis;
    PortKind port = PortKind.AF_PACKET;
    long poolBytes = 256L << 20;
    long perVmBytes = 128L << 20;
    long seconds = Long.MAX_VALUE / 2_000_000_000L;

    private BufferOptions() {}

    /**
     * Reads.
     *
     * @throws IllegalArgumentException if an option is unknown, misses its value, or the options do not go together
     */
    static BufferOptions parse(String[] arguments) {
        BufferOptions options = new BufferOptions();
        int at = 0;
        if (arguments.length > 0 && !arguments[0].startsWith("--")) {
            options.verb = arguments[at++];
        }
        if (!List.of("run", "verify", "reset").contains(options.verb)) {
            throw new IllegalArgumentException("'" + options.verb + "' is not run, verify or reset");
        }
        for (; at < arguments.length; at += 2) {
            if (at + 1 == arguments.length) {
                throw new IllegalArgumentException(arguments[at] + " misses its value");
            }
            options.set(arguments[at], arguments[at + 1]);
        }
        options.check();
        return options;
    }

    private void set(String option, String value) {
        switch (option) {
            case "--mode" -> routed = mode(value);
            case "--inside" -> inside = value;
            case "--outside" -> outside = value;
            case "--vm" -> vms.add(vm(value));
            case "--inside-mac" -> insideMac = MacAddress.parse(value);
            case "--inside-address" -> insideAddresses.add(value);
            case "--uplink" -> uplink = value;
            case "--closed" -> closed.add(IpPrefix.parseAddress(value));
            case "--echo" -> echo = echo(value);
            case "--release" -> release = value;
            case "--epoch-ms" -> epochMillis = Math.toIntExact(number(option, value, 1));
            case "--commit-delay-ms" -> commitDelayMillis = Math.toIntExact(number(option, value, 0));
            case "--port" -> port = PortKind.parse(value);
            case "--pool-mb" -> poolBytes = number(option, value, 1) << 20;
            case "--vm-mb" -> perVmBytes = number(option, value, 1) << 20;
            case "--seconds" -> seconds = number(option, value, 1);
            default -> throw new IllegalArgumentException("unknown option " + option);
        }
    }

    private void check() {
        if (inside.isEmpty()) {
            throw new IllegalArgumentException("--inside is missing");
        }
        if (vms.isEmpty()) {
            throw new IllegalArgumentException("--vm is missing: nothing would be held");
        }
        if (routed && insideAddresses.isEmpty()) {
            throw new IllegalArgumentException("--inside-address is missing: a first hop has an address");
        }
        if (routed && uplink.isEmpty()) {
            throw new IllegalArgumentException("--uplink is missing: the VMs' packets would not leave");
        }
        if (!routed && outside.isEmpty()) {
            throw new IllegalArgumentException("--outside is missing");
        }
    }

    RoutedSettings routedSettings() {
        return new RoutedSettings(
                inside,
                insideMac,
                insideAddresses,
                release,
                new TenantAccess(List.of(uplink), closed, echo),
                poolBytes,
                perVmBytes);
    }

    TransparentSettings transparentSettings() {
        return new TransparentSettings(inside, outside, poolBytes, perVmBytes);
    }

    private ProtectedVm vm(String text) {
        Matcher matcher = VM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is not a VM like 52:54:00:12:34:56=203.0.113.10");
        }
        List<InetAddress> addresses = matcher.group(3) == null
                ? List.of()
                : List.of(matcher.group(3).split(",", -1)).stream()
                        .map(IpPrefix::parseAddress)
                        .toList();
        OptionalInt vlan =
                matcher.group(2) == null ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(matcher.group(2)));
        return new ProtectedVm(new VmId("vm" + (vms.size() + 1)), MacAddress.parse(matcher.group(1)), vlan, addresses);
    }

    private static boolean mode(String value) {
        return switch (value) {
            case "routed" -> true;
            case "transparent" -> false;
            default -> throw new IllegalArgumentException("'" + value + "' is not a mode: routed or transparent");
        };
    }

    private static TenantAccess.Echo echo(String value) {
        return switch (value) {
            case "silent" -> TenantAccess.Echo.SILENT;
            case "answered" -> TenantAccess.Echo.ANSWERED;
            default -> throw new IllegalArgumentException("'" + value + "' is not silent or answered");
        };
    }

    private static long number(String option, String value, long least) {
        long number;
        try {
            number = Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(option + " needs a number, not '" + value + "'", e);
        }
        if (number < least || number > 1_000_000) {
            throw new IllegalArgumentException(option + " must be " + least + " to 1000000");
        }
        return number;
    }
}
