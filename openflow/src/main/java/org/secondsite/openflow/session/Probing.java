package org.secondsite.openflow.session;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.pipeline.Field;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.pipeline.PortTable;
import org.secondsite.openflow.preflight.Finding;
import org.secondsite.openflow.wire.Incoming;
import org.secondsite.openflow.wire.TableReading;

/**
 * Finds out over OpenFlow alone whether the tables match what the pipeline asks for, and have room for it. Asked once, when
 * nothing else is under way; what is not answered is not known, and nothing is waited for.
 */
final class Probing {
    private static final long NOT_ASKED = 0;

    private final OFFactory factory;
    private final Outbox outbox;
    private final Layout layout;
    private final TableReading tables = new TableReading();

    /** By table, how many flows there are to be. */
    private final Map<Integer, Long> room = new TreeMap<>();

    private long askedXid = NOT_ASKED;

    Probing(OFFactory factory, Outbox outbox, Layout layout) {
        this.factory = factory;
        this.outbox = outbox;
        this.layout = layout;
    }

    /** The switch has this: nothing else is under way. */
    void begin(Pipeline wanted) {
        if (askedXid != NOT_ASKED) {
            return;
        }
        wanted.flows().forEach(flow -> room.merge(flow.key().table(), 1L, Long::sum));
        askedXid = outbox.nextXid();
        outbox.send(factory.buildTableFeaturesStatsRequest().setXid(askedXid).build());
    }

    /** Takes a part of the tables' features; whether it is one. */
    boolean received(Incoming.Part part) {
        if (part.kind() != Incoming.Part.TABLE_FEATURES || part.xid() != askedXid) {
            return false;
        }
        tables.add(part);
        if (!part.moreFollows()) {
            outbox.add(new Effect.Probed(lacking(tables.tables())));
        }
        return true;
    }

    /** Whether the switch does not answer. */
    boolean refused(long xid) {
        return askedXid != NOT_ASKED && xid == askedXid;
    }

    private List<Finding> lacking(Map<Integer, TableReading.Table> has) {
        List<Finding> lacking = new ArrayList<>();
        needed(layout).forEach((number, fields) -> {
            Optional<Set<Integer>> matched =
                    Optional.ofNullable(has.get(number)).flatMap(TableReading.Table::fields);
            Set<Field> missing = EnumSet.copyOf(fields);
            missing.removeIf(field -> matched.isEmpty() || matched.get().contains(field.number()));
            if (!missing.isEmpty()) {
                lacking.add(Finding.of(Finding.Weight.LIMITING, "table " + number + " does not match " + missing));
            }
        });
        room.forEach((number, flows) -> {
            long limit = has.containsKey(number) ? has.get(number).maxEntries() : flows;
            if (limit < flows) {
                lacking.add(Finding.of(
                        Finding.Weight.LIMITING, "table " + number + " has room for " + limit + " flows of " + flows));
            }
        });
        return lacking;
    }

    /** The fields that each table has to match, by what the pipeline is for VMs in every role with both kinds of addresses. */
    private static Map<Integer, Set<Field>> needed(Layout layout) {
        Map<String, Integer> ports = new TreeMap<>(Map.of("gw", 1));
        List<VmAttachment> vms = new ArrayList<>();
        for (Role role : Role.values()) {
            int number = vms.size() + 1;
            ports.put(role.name(), number + 1);
            List<InetAddress> addresses =
                    List.of(IpPrefix.parseAddress("192.0.2." + number), IpPrefix.parseAddress("2001:db8::" + number));
            vms.add(new VmAttachment(
                    new VmId("vm" + number), role.name(), new MacAddress(0x5254_0000_0000L + number), addresses, role));
        }
        Map<Integer, Set<Field>> needed = new TreeMap<>();
        for (Flow flow : Pipeline.of(layout, "gw", vms, PortTable.of(ports)).flows()) {
            needed.computeIfAbsent(flow.key().table(), _ -> EnumSet.noneOf(Field.class))
                    .addAll(flow.key().match().conditions().keySet());
        }
        needed.values().removeIf(Set::isEmpty);
        return needed;
    }
}
