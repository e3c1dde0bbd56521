package org.secondsite.buffer.io.kernel;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import java.util.stream.Stream;
import org.secondsite.buffer.ProtectedVm;

/** The parts of a ruleset that are about the protected VMs, the same in every mode. */
final class VmSets {
    private final List<ProtectedVm> vms;

    VmSets(List<ProtectedVm> vms) {
        this.vms = vms;
    }

    /** Whatever bears a protected VM's source, by whatever way it came. */
    void dropAll(List<String> lines) {
        lines.add("ether saddr @vms drop");
        addressRules(lines);
    }

    /** A protected VM's address from anybody else. */
    void addressRules(List<String> lines) {
        if (addresses(Inet4Address.class).findAny().isPresent()) {
            lines.add("ip saddr @vms4 drop");
        }
        if (addresses(Inet6Address.class).findAny().isPresent()) {
            lines.add("ip6 saddr @vms6 drop");
        }
    }

    /** The sets {@code vms}, {@code vms4} and {@code vms6}. */
    void vms(List<String> lines) {
        set(lines, "vms", "ether_addr", vms.stream().map(vm -> vm.mac().toString()));
        set(lines, "vms4", "ipv4_addr", addresses(Inet4Address.class));
        set(lines, "vms6", "ipv6_addr", addresses(Inet6Address.class));
    }

    /** A set of single values. */
    static void set(List<String> lines, String name, String type, Stream<String> elements) {
        set(lines, name, List.of("type " + type), elements);
    }

    /** A set of values and ranges of them. */
    static void intervals(List<String> lines, String name, String type, Stream<String> elements) {
        set(lines, name, List.of("type " + type, "flags interval"), elements);
    }

    private static void set(List<String> lines, String name, List<String> kind, Stream<String> elements) {
        List<String> all = elements.distinct().toList();
        lines.add("set " + name + " {");
        lines.addAll(kind);
        if (!all.isEmpty()) {
            lines.add("elements = { " + String.join(", ", all) + " }");
        }
        lines.add("}");
    }

    /** Removes a table, whether it is there or not. */
    static String removal(String family, String table) {
        return "table " + family + " " + table + "\ndelete table " + family + " " + table + "\n";
    }

    /** The VMs' addresses. */
    Stream<InetAddress> addresses() {
        return vms.stream().flatMap(vm -> vm.addresses().stream());
    }

    private Stream<String> addresses(Class<? extends InetAddress> family) {
        return addresses().filter(family::isInstance).map(InetAddress::getHostAddress);
    }
}
