package org.secondsite.bench.openflow;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.pipeline.PortTable;

/** VMs at ports {@code p0}, {@code p1} and so on. */
final class ManyVms {
    static final String GATEWAY = "gw";

    private ManyVms() {}

    static List<String> ports(int count) {
        return IntStream.range(0, count).mapToObj(i -> "p" + i).toList();
    }

    static List<VmAttachment> of(int count, int addresses, Role role) {
        List<VmAttachment> vms = new ArrayList<>();
        for (int vm = 0; vm < count; vm++) {
            List<InetAddress> own = new ArrayList<>();
            for (int i = 0; i < addresses; i++) {
                own.add(address(vm, i));
            }
            vms.add(new VmAttachment(new VmId("p" + vm), "p" + vm, new MacAddress(0x5254_0001_0000L + vm), own, role));
        }
        return vms;
    }

    /** As few VMs at these ports as have so many flows, each with as few addresses as all ports together need. */
    static List<VmAttachment> withFlows(int flows, int ports) {
        int addresses = 1;
        while (flows(of(ports, addresses, Role.OWNER)) < flows) {
            addresses++;
        }
        int none = flows(List.of());
        int each = flows(of(1, addresses, Role.OWNER)) - none;
        int count = Math.max(1, (flows - none + each - 1) / each);
        return of(Math.min(count, ports), addresses, Role.OWNER);
    }

    static int flows(List<VmAttachment> vms) {
        Map<String, Integer> numbers = new LinkedHashMap<>(Map.of(GATEWAY, 1));
        vms.forEach(vm -> numbers.put(vm.portName(), numbers.size() + 1));
        return Pipeline.of(Layout.TABLES, GATEWAY, vms, PortTable.of(numbers))
                .flows()
                .size();
    }

    /** IPv4 and IPv6 in turn. */
    private static InetAddress address(int vm, int number) {
        byte[] octets = number % 2 == 0
                ? new byte[] {10, (byte) number, (byte) (vm >> 8), (byte) vm}
                : new byte[] {
                    0x20, 1, 0xd, (byte) 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte) number, (byte) (vm >> 8), (byte) vm
                };
        try {
            return InetAddress.getByAddress(octets);
        } catch (UnknownHostException e) {
            throw new AssertionError("an address of " + octets.length + " bytes", e);
        }
    }
}
