package org.secondsite.openflow.simulated;

import com.google.common.collect.Lists;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.projectfloodlight.openflow.protocol.OFAggregateStatsRequest;
import org.projectfloodlight.openflow.protocol.OFBadRequestCode;
import org.projectfloodlight.openflow.protocol.OFBarrierRequest;
import org.projectfloodlight.openflow.protocol.OFBundleAddMsg;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlMsg;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlType;
import org.projectfloodlight.openflow.protocol.OFBundleFailedCode;
import org.projectfloodlight.openflow.protocol.OFControllerRole;
import org.projectfloodlight.openflow.protocol.OFControllerRoleReason;
import org.projectfloodlight.openflow.protocol.OFEchoRequest;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFFeaturesRequest;
import org.projectfloodlight.openflow.protocol.OFFlowMod;
import org.projectfloodlight.openflow.protocol.OFFlowModFailedCode;
import org.projectfloodlight.openflow.protocol.OFFlowStatsEntry;
import org.projectfloodlight.openflow.protocol.OFFlowStatsReply;
import org.projectfloodlight.openflow.protocol.OFFlowStatsRequest;
import org.projectfloodlight.openflow.protocol.OFGroupDescStatsRequest;
import org.projectfloodlight.openflow.protocol.OFHello;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFMeterConfigStatsRequest;
import org.projectfloodlight.openflow.protocol.OFPortDesc;
import org.projectfloodlight.openflow.protocol.OFPortDescStatsRequest;
import org.projectfloodlight.openflow.protocol.OFPortReason;
import org.projectfloodlight.openflow.protocol.OFRoleRequest;
import org.projectfloodlight.openflow.protocol.OFRoleRequestFailedCode;
import org.projectfloodlight.openflow.protocol.OFStatsReplyFlags;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.projectfloodlight.openflow.protocol.match.Match;
import org.projectfloodlight.openflow.protocol.match.MatchField;
import org.projectfloodlight.openflow.types.DatapathId;
import org.projectfloodlight.openflow.types.OFPort;
import org.projectfloodlight.openflow.types.TableId;
import org.projectfloodlight.openflow.types.U64;
import org.secondsite.openflow.pipeline.Bits;
import org.secondsite.openflow.pipeline.FakeFlowTable;
import org.secondsite.openflow.pipeline.Field;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.wire.FlowReading;
import org.secondsite.openflow.wire.Incoming;

/**
 * A switch in memory that does what OpenFlow 1.3 and 1.4 say: roles with generations for several controllers, bundles that
 * are whole or not, strict and other modifications, tables that are full, and the frames that its flows let through.
 *
 * <p>All methods may be called by several threads; it is its own lock.
 */
public final class ExecutingSwitch {
    /** Where a flow stands. */
    public record Place(int table, int priority, Match match) {}

    private final long datapath;
    private final Set<Quirk> quirks;

    /** Its ports by name. */
    public final Map<String, Integer> ports = new LinkedHashMap<>();

    /** Its flows in the order in which they came. */
    public final Map<Place, OFFlowMod> flows = new LinkedHashMap<>();

    /** What it holds. */
    public Optional<Long> generation = Optional.empty();

    public int tables = 254;
    public int capacity = Integer.MAX_VALUE;
    public int refusedAdds;
    public int entriesPerReply = 50;
    public int commits;
    private final List<Connection> connections = new ArrayList<>();

    public ExecutingSwitch(long datapath, Quirk... quirks) {
        this.datapath = datapath;
        this.quirks = EnumSet.noneOf(Quirk.class);
        this.quirks.addAll(List.of(quirks));
    }

    /** A controller's connection. */
    public final class Connection {
        private final OFFactory factory;
        private final Consumer<OFMessage> toController;
        private final Map<Long, List<OFFlowMod>> bundles = new HashMap<>();
        private OFControllerRole role = OFControllerRole.ROLE_EQUAL;

        private Connection(OFVersion version, Consumer<OFMessage> toController) {
            this.factory = OFFactories.getFactory(version);
            this.toController = toController;
        }

        /** Takes a message of the controller; answers go to the consumer before this returns. */
        public void receive(OFMessage message) {
            synchronized (ExecutingSwitch.this) {
                answer(message);
            }
        }

        /** It is gone, with what it had in bundles. */
        public void close() {
            synchronized (ExecutingSwitch.this) {
                connections.remove(this);
            }
        }

        private void answer(OFMessage message) {
            long xid = message.getXid();
            switch (message) {
                case OFHello _ -> {}
                case OFEchoRequest echo ->
                    tell(factory.buildEchoReply()
                            .setXid(xid)
                            .setData(echo.getData())
                            .build());
                case OFFeaturesRequest _ ->
                    tell(factory.buildFeaturesReply()
                            .setXid(xid)
                            .setDatapathId(DatapathId.of(datapath))
                            .setNTables((short) (quirks.contains(Quirk.HIDES_ITS_TABLES) ? 254 : tables))
                            .build());
                case OFPortDescStatsRequest _ -> {
                    List<OFPortDesc> all = new ArrayList<>();
                    ports.forEach((name, number) -> all.add(port(factory, name, number)));
                    tell(factory.buildPortDescStatsReply()
                            .setXid(xid)
                            .setEntries(all)
                            .build());
                }
                case OFBarrierRequest _ ->
                    tell(factory.buildBarrierReply().setXid(xid).build());
                case OFRoleRequest request -> role(request);
                case OFBundleCtrlMsg control -> control(control);
                case OFBundleAddMsg add -> add(add);
                case OFFlowMod flowMod ->
                    refusal(flowMod, flows, false)
                            .ifPresentOrElse(refused -> tell(refused), () -> change(flowMod, flows));
                case OFFlowStatsRequest _ -> flowStats(xid);
                case OFAggregateStatsRequest request -> aggregate(request);
                case OFGroupDescStatsRequest _ ->
                    others(factory.buildGroupDescStatsReply().setXid(xid).build());
                case OFMeterConfigStatsRequest _ ->
                    others(factory.buildMeterConfigStatsReply().setXid(xid).build());
                default -> {}
            }
        }

        private void others(OFMessage none) {
            tell(quirks.contains(Quirk.NO_GROUPS) ? badRequest(none.getXid(), OFBadRequestCode.BAD_STAT) : none);
        }

        private void role(OFRoleRequest request) {
            long asked = request.getGenerationId().getValue();
            boolean changes = request.getRole() == OFControllerRole.ROLE_MASTER
                    || request.getRole() == OFControllerRole.ROLE_SLAVE;
            if (request.getRole() == OFControllerRole.ROLE_NOCHANGE && quirks.contains(Quirk.NO_ROLE_QUERY)) {
                tell(roleRefused(request.getXid(), OFRoleRequestFailedCode.UNSUP));
                return;
            }
            // OpenFlow 1.4.1 §6.3.6.
            if (changes && generation.isPresent() && asked - generation.get() < 0) {
                tell(roleRefused(request.getXid(), OFRoleRequestFailedCode.STALE));
                return;
            }
            if (changes) {
                generation = Optional.of(asked);
            }
            if (request.getRole() == OFControllerRole.ROLE_MASTER) {
                for (Connection other : List.copyOf(connections)) {
                    if (other != this && other.role == OFControllerRole.ROLE_MASTER) {
                        other.demote();
                    }
                }
            }
            if (request.getRole() != OFControllerRole.ROLE_NOCHANGE) {
                role = request.getRole();
            }
            tell(factory.buildRoleReply()
                    .setXid(request.getXid())
                    .setRole(role)
                    .setGenerationId(U64.of(generation.orElse(-1L)))
                    .build());
        }

        private void demote() {
            role = OFControllerRole.ROLE_SLAVE;
            if (factory.getVersion().compareTo(OFVersion.OF_14) >= 0 && !quirks.contains(Quirk.NO_ROLE_STATUS)) {
                tell(factory.buildRoleStatus()
                        .setRole(OFControllerRole.ROLE_SLAVE)
                        .setReason(OFControllerRoleReason.MASTER_REQUEST)
                        .setGenerationId(U64.of(generation.orElse(-1L)))
                        .build());
            }
        }

        private void control(OFBundleCtrlMsg control) {
            long id = control.getBundleId().getInt();
            if (quirks.contains(Quirk.NO_BUNDLES)) {
                tell(badRequest(control.getXid(), OFBadRequestCode.BAD_TYPE));
                return;
            }
            if (quirks.contains(Quirk.NO_BUNDLE_FLAGS)) {
                tell(bundleFailed(control.getXid(), OFBundleFailedCode.BAD_FLAGS));
                return;
            }
            OFBundleCtrlType type = control.getBundleCtrlType();
            if (type == OFBundleCtrlType.OPEN_REQUEST) {
                bundles.put(id, new ArrayList<>());
                tell(control.createBuilder()
                        .setBundleCtrlType(OFBundleCtrlType.OPEN_REPLY)
                        .build());
            } else if (!bundles.containsKey(id)) {
                tell(bundleFailed(control.getXid(), OFBundleFailedCode.BAD_ID));
            } else if (type == OFBundleCtrlType.CLOSE_REQUEST) {
                tell(control.createBuilder()
                        .setBundleCtrlType(OFBundleCtrlType.CLOSE_REPLY)
                        .build());
            } else if (type == OFBundleCtrlType.DISCARD_REQUEST) {
                bundles.remove(id);
                tell(control.createBuilder()
                        .setBundleCtrlType(OFBundleCtrlType.DISCARD_REPLY)
                        .build());
            } else if (type == OFBundleCtrlType.COMMIT_REQUEST) {
                commit(control, bundles.remove(id));
            }
        }

        private void commit(OFBundleCtrlMsg control, List<OFFlowMod> messages) {
            Map<Place, OFFlowMod> after = new LinkedHashMap<>(flows);
            for (OFFlowMod message : messages) {
                Optional<OFMessage> refusal = refusal(message, after, true);
                if (refusal.isPresent()) {
                    tell(refusal.get());
                    tell(bundleFailed(control.getXid(), OFBundleFailedCode.MSG_FAILED));
                    return;
                }
                change(message, after);
            }
            flows.clear();
            flows.putAll(after);
            commits++;
            tell(control.createBuilder()
                    .setBundleCtrlType(OFBundleCtrlType.COMMIT_REPLY)
                    .build());
        }

        private void add(OFBundleAddMsg add) {
            long id = add.getBundleId().getInt();
            refusedAdds--;
            if (quirks.contains(Quirk.NO_BUNDLES)) {
                tell(badRequest(add.getXid(), OFBadRequestCode.BAD_TYPE));
            } else if (!bundles.containsKey(id)) {
                tell(bundleFailed(add.getXid(), OFBundleFailedCode.BAD_ID));
            } else if (add.getXid() != add.getData().getXid()) {
                tell(bundleFailed(add.getXid(), OFBundleFailedCode.MSG_BAD_XID));
            } else if (refusedAdds >= 0) {
                tell(flowModFailed(add.getXid(), OFFlowModFailedCode.TABLE_FULL));
            } else {
                bundles.get(id).add((OFFlowMod) add.getData());
            }
        }

        private Optional<OFMessage> refusal(OFFlowMod flowMod, Map<Place, OFFlowMod> on, boolean isInBundle) {
            if (role == OFControllerRole.ROLE_SLAVE) {
                return Optional.of(badRequest(flowMod.getXid(), OFBadRequestCode.IS_SLAVE));
            }
            if (flowMod.getTableId().getValue() >= tables
                    && !flowMod.getTableId().equals(TableId.ALL)) {
                return Optional.of(flowModFailed(flowMod.getXid(), OFFlowModFailedCode.BAD_TABLE_ID));
            }
            boolean isNew =
                    switch (flowMod.getCommand()) {
                        case ADD -> !on.containsKey(place(flowMod));
                        default -> false;
                    };
            // In a bundle they were refused when they were added.
            boolean isAlone = !isInBundle;
            refusedAdds -= isNew && isAlone ? 1 : 0;
            return isNew && (on.size() >= capacity || (refusedAdds >= 0 && isAlone))
                    ? Optional.of(flowModFailed(flowMod.getXid(), OFFlowModFailedCode.TABLE_FULL))
                    : Optional.empty();
        }

        private void flowStats(long xid) {
            List<OFFlowStatsEntry> entries = entries(factory);
            int from = 0;
            do {
                int to = Math.min(entries.size(), from + entriesPerReply);
                OFFlowStatsReply.Builder reply =
                        factory.buildFlowStatsReply().setXid(xid).setEntries(entries.subList(from, to));
                if (to < entries.size()) {
                    reply.setFlags(Set.of(OFStatsReplyFlags.REPLY_MORE));
                }
                tell(reply.build());
                from = to;
            } while (from < entries.size());
        }

        private void aggregate(OFAggregateStatsRequest request) {
            if (quirks.contains(Quirk.NO_AGGREGATES)) {
                tell(badRequest(request.getXid(), OFBadRequestCode.BAD_STAT));
                return;
            }
            long count = flows.values().stream()
                    .filter(flow -> request.getOutPort().equals(OFPort.ANY)
                            || flow.getInstructions().toString().contains("port=" + request.getOutPort() + ","))
                    .count();
            tell(factory.buildAggregateStatsReply()
                    .setXid(request.getXid())
                    .setFlowCount(count)
                    .build());
        }

        private OFMessage badRequest(long xid, OFBadRequestCode code) {
            return factory.errorMsgs()
                    .buildBadRequestErrorMsg()
                    .setXid(errorXid(xid))
                    .setCode(code)
                    .build();
        }

        private OFMessage roleRefused(long xid, OFRoleRequestFailedCode code) {
            return factory.errorMsgs()
                    .buildRoleRequestFailedErrorMsg()
                    .setXid(errorXid(xid))
                    .setCode(code)
                    .build();
        }

        private OFMessage bundleFailed(long xid, OFBundleFailedCode code) {
            return factory.errorMsgs()
                    .buildBundleFailedErrorMsg()
                    .setXid(errorXid(xid))
                    .setCode(code)
                    .build();
        }

        private OFMessage flowModFailed(long xid, OFFlowModFailedCode code) {
            return factory.errorMsgs()
                    .buildFlowModFailedErrorMsg()
                    .setXid(errorXid(xid))
                    .setCode(code)
                    .build();
        }

        private long errorXid(long xid) {
            return quirks.contains(Quirk.ERRORS_WITHOUT_XID) ? 0 : xid;
        }

        private void tell(OFMessage message) {
            toController.accept(message);
        }
    }

    /** A controller connects; the hello is the caller's. */
    public synchronized Connection connect(OFVersion version, Consumer<OFMessage> toController) {
        Connection connection = new Connection(version, toController);
        connections.add(connection);
        return connection;
    }

    /** Forgets flows, groups and the generation, as a power cut makes it do. */
    public synchronized void restart() {
        flows.clear();
        generation = Optional.empty();
        connections.clear();
    }

    /** Another controller, unseen, becomes master in this generation. */
    public synchronized void takenOver(long by) {
        generation = Optional.of(by);
        List.copyOf(connections).forEach(Connection::demote);
    }

    public synchronized void portAppears(String name, int number) {
        ports.put(name, number);
        tellPort(OFPortReason.ADD, name, number);
    }

    public synchronized void portGoes(String name) {
        tellPort(OFPortReason.DELETE, name, ports.remove(name));
    }

    private void tellPort(OFPortReason reason, String name, int number) {
        for (Connection connection : connections) {
            connection.tell(connection
                    .factory
                    .buildPortStatus()
                    .setReason(reason)
                    .setDesc(port(connection.factory, name, number))
                    .build());
        }
    }

    /** What it has. */
    public synchronized InstalledFlows installed() {
        FlowReading reading = new FlowReading();
        OFFactory factory = OFFactories.getFactory(OFVersion.OF_14);
        for (List<OFFlowStatsEntry> some : Lists.partition(entries(factory), entriesPerReply)) {
            ByteBuf reply = Unpooled.buffer();
            factory.buildFlowStatsReply().setEntries(some).build().writeTo(reply);
            reading.add((Incoming.Part) Incoming.read(reply));
        }
        return reading.flows();
    }

    /** The same, as flows of ours. */
    public List<Flow> installedFlows() {
        InstalledFlows installed = installed();
        if (!installed.strange().isEmpty()) {
            throw new AssertionError("has flows of others: " + installed.strange());
        }
        return installed.flows().stream().map(InstalledFlows.Known::flow).toList();
    }

    /** Where a frame with these fields goes; a flow that is not understood counts as a way past the gateway, port -1. */
    public Set<Integer> outputs(Map<Field, Bits> frame) {
        return outputs(List.of(frame)).getFirst();
    }

    /** The same of several frames. */
    public List<Set<Integer>> outputs(List<Map<Field, Bits>> frames) {
        InstalledFlows installed = installed();
        FakeFlowTable table = new FakeFlowTable(
                installed.flows().stream().map(InstalledFlows.Known::flow).toList());
        return frames.stream()
                .map(frame -> installed.strange().isEmpty() ? table.outputs(frame) : Set.of(-1))
                .toList();
    }

    private List<OFFlowStatsEntry> entries(OFFactory factory) {
        List<OFFlowStatsEntry> entries = new ArrayList<>();
        for (OFFlowMod flow : flows.values()) {
            entries.add(factory.buildFlowStatsEntry()
                    .setCookie(flow.getCookie())
                    .setTableId(flow.getTableId())
                    .setPriority(flow.getPriority())
                    .setIdleTimeout(flow.getIdleTimeout())
                    .setHardTimeout(flow.getHardTimeout())
                    .setMatch(flow.getMatch())
                    .setInstructions(flow.getInstructions())
                    .build());
        }
        return entries;
    }

    private static void change(OFFlowMod flowMod, Map<Place, OFFlowMod> on) {
        Place place = place(flowMod);
        switch (flowMod.getCommand()) {
            case ADD -> on.put(place, flowMod);
            case MODIFY_STRICT -> on.computeIfPresent(place, (_, before) -> modified(before, flowMod));
            case MODIFY -> on.replaceAll((at, before) -> covers(flowMod, at) ? modified(before, flowMod) : before);
            case DELETE_STRICT -> on.remove(place);
            case DELETE -> on.keySet().removeIf(at -> covers(flowMod, at));
        }
    }

    private static OFFlowMod modified(OFFlowMod before, OFFlowMod by) {
        return before.createBuilder().setInstructions(by.getInstructions()).build();
    }

    /** Whether a flow is for these frames or a part of them; of the fields only equality is looked at. */
    private static boolean covers(OFFlowMod flowMod, Place at) {
        boolean table =
                flowMod.getTableId().equals(TableId.ALL) || flowMod.getTableId().getValue() == at.table();
        for (MatchField<?> field : flowMod.getMatch().getMatchFields()) {
            table &= at.match().supports(field)
                    && String.valueOf(flowMod.getMatch().get(field))
                            .equals(String.valueOf(at.match().get(field)));
        }
        return table;
    }

    private static Place place(OFFlowMod flowMod) {
        return new Place(flowMod.getTableId().getValue(), flowMod.getPriority(), flowMod.getMatch());
    }

    private static OFPortDesc port(OFFactory factory, String name, int number) {
        return factory.buildPortDesc()
                .setName(name)
                .setPortNo(OFPort.of(number))
                .build();
    }
}
