package org.secondsite.openflow.io;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.projectfloodlight.openflow.protocol.OFBundleAddMsg;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlMsg;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlType;
import org.projectfloodlight.openflow.protocol.OFBundleFailedCode;
import org.projectfloodlight.openflow.protocol.OFControllerRole;
import org.projectfloodlight.openflow.protocol.OFControllerRoleReason;
import org.projectfloodlight.openflow.protocol.OFEchoRequest;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFFlowMod;
import org.projectfloodlight.openflow.protocol.OFFlowModCommand;
import org.projectfloodlight.openflow.protocol.OFFlowModFailedCode;
import org.projectfloodlight.openflow.protocol.OFFlowStatsEntry;
import org.projectfloodlight.openflow.protocol.OFFlowStatsReply;
import org.projectfloodlight.openflow.protocol.OFFlowStatsRequest;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFPortDesc;
import org.projectfloodlight.openflow.protocol.OFPortReason;
import org.projectfloodlight.openflow.protocol.OFRoleRequest;
import org.projectfloodlight.openflow.protocol.OFRoleRequestFailedCode;
import org.projectfloodlight.openflow.protocol.OFStatsReplyFlags;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.projectfloodlight.openflow.protocol.match.Match;
import org.projectfloodlight.openflow.types.DatapathId;
import org.projectfloodlight.openflow.types.OFPort;
import org.projectfloodlight.openflow.types.U64;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.wire.FlowCodec;

/**
 * A switch as the specification has it, over a real connection: roles with generations, bundles, flows, ports, and on
 * demand the faults that a test wants.
 */
final class FakeSwitch implements AutoCloseable {
    /** Where a flow stands. */
    record Place(int table, int priority, Match match) {}

    /** What outlives a connection, and dies with the switch. Guarded by itself. */
    static final class Memory {
        final Map<String, Integer> ports = new LinkedHashMap<>();
        final Map<Place, OFFlowMod> flows = new LinkedHashMap<>();
        Optional<Long> generation = Optional.empty();
        int refusedAdds;
        int entriesPerReply = 50;
        boolean garbageInReplies;
        int commits;
    }

    private final OFFactory factory;
    private final long datapath;
    private final Memory memory;
    private final Socket socket;
    private final Thread reader;
    private final Map<Long, List<OFFlowMod>> bundles = new HashMap<>();

    /** The kinds of message received, in order. */
    final List<String> received = new CopyOnWriteArrayList<>();

    private volatile boolean answersEcho = true;
    private boolean master;

    FakeSwitch(InetSocketAddress controller, OFVersion version, long datapath, Memory memory) throws IOException {
        this.factory = OFFactories.getFactory(version);
        this.datapath = datapath;
        this.memory = memory;
        this.socket = new Socket(controller.getAddress(), controller.getPort());
        socket.setTcpNoDelay(true);
        this.reader = Thread.ofPlatform().daemon().name("fake-switch").start(this::run);
    }

    /** From now on nothing is answered. */
    void fallSilent() {
        answersEcho = false;
    }

    /** Another controller has come with this generation. */
    void loseMaster(long generation) throws IOException {
        synchronized (memory) {
            memory.generation = Optional.of(generation);
            master = false;
        }
        send(factory.buildRoleStatus()
                .setRole(OFControllerRole.ROLE_SLAVE)
                .setReason(OFControllerRoleReason.MASTER_REQUEST)
                .setGenerationId(U64.of(generation))
                .build());
    }

    void portAppears(String name, int number) throws IOException {
        synchronized (memory) {
            memory.ports.put(name, number);
        }
        send(factory.buildPortStatus()
                .setReason(OFPortReason.ADD)
                .setDesc(port(name, number))
                .build());
    }

    void portGoes(String name) throws IOException {
        int number;
        synchronized (memory) {
            number = memory.ports.remove(name);
        }
        send(factory.buildPortStatus()
                .setReason(OFPortReason.DELETE)
                .setDesc(port(name, number))
                .build());
    }

    void sendRaw(String hex) throws IOException {
        write(ByteBufUtil.decodeHexDump(hex));
    }

    boolean awaitEnd(long milliseconds) throws InterruptedException {
        reader.join(milliseconds);
        return !reader.isAlive();
    }

    InstalledFlows installed() {
        synchronized (memory) {
            return FlowCodec.installed(
                    List.of(factory.buildFlowStatsReply().setEntries(entries()).build()));
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private void run() {
        try (DataInputStream in = new DataInputStream(socket.getInputStream())) {
            send(factory.hello(List.of()));
            while (true) {
                byte[] header = new byte[8];
                in.readFully(header);
                ByteBuf message = Unpooled.buffer().writeBytes(header);
                byte[] body = new byte[message.getUnsignedShort(2) - header.length];
                in.readFully(body);
                message.writeBytes(body);
                if (answersEcho) {
                    answer(OFFactories.getGenericReader().readFrom(message));
                }
            }
        } catch (Exception e) {
            received.add("END " + e);
            try {
                socket.close();
            } catch (IOException closing) {
                throw new AssertionError(closing);
            }
        }
    }

    private void answer(OFMessage message) throws IOException {
        received.add(
                message instanceof OFBundleCtrlMsg control
                        ? control.getBundleCtrlType().toString()
                        : message.getType().toString());
        long xid = message.getXid();
        switch (message) {
            case OFEchoRequest echo ->
                send(factory.buildEchoReply()
                        .setXid(xid)
                        .setData(echo.getData())
                        .build());
            case OFRoleRequest request -> role(request);
            case OFBundleCtrlMsg control -> control(control);
            case OFBundleAddMsg add -> add(add);
            case OFFlowMod flowMod -> {
                if (refuses()) {
                    sendTableFull(xid);
                } else {
                    change(flowMod);
                }
            }
            case OFFlowStatsRequest _ -> stats(xid);
            default -> simple(message);
        }
    }

    private void simple(OFMessage message) throws IOException {
        switch (message.getType()) {
            case FEATURES_REQUEST ->
                send(factory.buildFeaturesReply()
                        .setXid(message.getXid())
                        .setDatapathId(DatapathId.of(datapath))
                        .build());
            case STATS_REQUEST -> {
                List<OFPortDesc> ports = new ArrayList<>();
                synchronized (memory) {
                    memory.ports.forEach((name, number) -> ports.add(port(name, number)));
                }
                send(factory.buildPortDescStatsReply()
                        .setXid(message.getXid())
                        .setEntries(ports)
                        .build());
            }
            case BARRIER_REQUEST ->
                send(factory.buildBarrierReply().setXid(message.getXid()).build());
            default -> {}
        }
    }

    private void role(OFRoleRequest request) throws IOException {
        long generation = request.getGenerationId().getValue();
        synchronized (memory) {
            // OpenFlow 1.4.1 §6.3.6.
            if (memory.generation.isPresent() && generation - memory.generation.get() < 0) {
                send(factory.errorMsgs()
                        .buildRoleRequestFailedErrorMsg()
                        .setXid(request.getXid())
                        .setCode(OFRoleRequestFailedCode.STALE)
                        .build());
                return;
            }
            memory.generation = Optional.of(generation);
            master = true;
        }
        send(factory.buildRoleReply()
                .setXid(request.getXid())
                .setRole(request.getRole())
                .setGenerationId(request.getGenerationId())
                .build());
    }

    private void control(OFBundleCtrlMsg control) throws IOException {
        long id = control.getBundleId().getInt();
        OFBundleCtrlType answer =
                switch (control.getBundleCtrlType()) {
                    case OPEN_REQUEST -> {
                        bundles.put(id, new ArrayList<>());
                        yield OFBundleCtrlType.OPEN_REPLY;
                    }
                    case CLOSE_REQUEST -> OFBundleCtrlType.CLOSE_REPLY;
                    case COMMIT_REQUEST -> {
                        bundles.remove(id).forEach(this::change);
                        synchronized (memory) {
                            memory.commits++;
                        }
                        yield OFBundleCtrlType.COMMIT_REPLY;
                    }
                    case DISCARD_REQUEST -> {
                        bundles.remove(id);
                        yield OFBundleCtrlType.DISCARD_REPLY;
                    }
                    default -> throw new IOException("not a request: " + control);
                };
        send(control.createBuilder().setBundleCtrlType(answer).build());
    }

    private void add(OFBundleAddMsg add) throws IOException {
        if (add.getXid() != add.getData().getXid()) {
            send(factory.errorMsgs()
                    .buildBundleFailedErrorMsg()
                    .setXid(add.getXid())
                    .setCode(OFBundleFailedCode.MSG_BAD_XID)
                    .build());
        } else if (refuses()) {
            sendTableFull(add.getXid());
        } else {
            bundles.get((long) add.getBundleId().getInt()).add((OFFlowMod) add.getData());
        }
    }

    private boolean refuses() {
        synchronized (memory) {
            memory.refusedAdds--;
            return memory.refusedAdds >= 0;
        }
    }

    private void sendTableFull(long xid) throws IOException {
        send(factory.errorMsgs()
                .buildFlowModFailedErrorMsg()
                .setXid(xid)
                .setCode(OFFlowModFailedCode.TABLE_FULL)
                .build());
    }

    private void change(OFFlowMod flowMod) {
        synchronized (memory) {
            if (!master) {
                throw new AssertionError("a write without the role of master: " + flowMod);
            }
            Place place = new Place(flowMod.getTableId().getValue(), flowMod.getPriority(), flowMod.getMatch());
            if (flowMod.getCommand() == OFFlowModCommand.DELETE) {
                memory.flows.clear();
            } else if (flowMod.getCommand() == OFFlowModCommand.DELETE_STRICT) {
                memory.flows.remove(place);
            } else {
                memory.flows.put(place, flowMod);
            }
        }
    }

    private List<OFFlowStatsEntry> entries() {
        List<OFFlowStatsEntry> entries = new ArrayList<>();
        for (OFFlowMod flow : memory.flows.values()) {
            entries.add(factory.buildFlowStatsEntry()
                    .setCookie(flow.getCookie())
                    .setTableId(flow.getTableId())
                    .setPriority(flow.getPriority())
                    .setMatch(flow.getMatch())
                    .setInstructions(flow.getInstructions())
                    .build());
        }
        return entries;
    }

    private void stats(long xid) throws IOException {
        List<OFFlowStatsEntry> entries;
        int part;
        synchronized (memory) {
            entries = entries();
            part = memory.entriesPerReply;
            if (memory.garbageInReplies) {
                memory.garbageInReplies = false;
                // A flow statistics reply, more follows, with an entry whose length is 1.
                sendRaw("%02x130018%08x0001000100000000"
                                .formatted(factory.getVersion().getWireVersion(), xid) + "0001000000000000");
            }
        }
        int from = 0;
        do {
            int to = Math.min(entries.size(), from + part);
            OFFlowStatsReply.Builder reply =
                    factory.buildFlowStatsReply().setXid(xid).setEntries(entries.subList(from, to));
            if (to < entries.size()) {
                reply.setFlags(Set.of(OFStatsReplyFlags.REPLY_MORE));
            }
            send(reply.build());
            from = to;
        } while (from < entries.size());
    }

    private OFPortDesc port(String name, int number) {
        return factory.buildPortDesc()
                .setName(name)
                .setPortNo(OFPort.of(number))
                .build();
    }

    private void send(OFMessage message) throws IOException {
        ByteBuf buffer = Unpooled.buffer();
        message.writeTo(buffer);
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes);
        write(bytes);
    }

    private synchronized void write(byte[] bytes) throws IOException {
        OutputStream out = socket.getOutputStream();
        out.write(bytes);
        out.flush();
    }
}
