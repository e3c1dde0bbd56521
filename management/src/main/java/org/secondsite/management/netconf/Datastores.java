package org.secondsite.management.netconf;

import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.opendaylight.yangtools.yang.data.api.schema.ContainerNode;
import org.secondsite.management.Caller;
import org.secondsite.management.ConfigPort;
import org.secondsite.management.RefusedChange;
import org.secondsite.management.model.FileTree;
import org.secondsite.management.model.GatewayModel;
import org.secondsite.management.model.Secrets;
import org.secondsite.management.netconf.RpcException.Tag;
import org.w3c.dom.Element;

/**
 * What all sessions of one gateway share: the configuration that runs, the candidate, their locks, and a commit that waits to be
 * confirmed (RFC 6241 §8.3 and §8.4).
 *
 * <p>The candidate is what runs until somebody edits it, and again when it is committed, discarded, unlocked, or when the session that
 * has locked or edited it ends. It is based on a revision: if another one runs by then, whoever made that, the commit is refused, so
 * nobody's change is lost. One thread at a time is in here, and a session that ends waits for its turn: for a commit, some seconds at
 * most.
 */
final class Datastores {
    private static final Duration USUAL_CONFIRMATION = Duration.ofMinutes(10);
    private static final int MAX_CONFIRM_SECONDS = 86_400;

    /** What a lock is of. */
    enum Store {
        RUNNING,
        CANDIDATE;

        String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Who asks: a session, and whose it is. */
    record Asker(int session, Caller caller) {}

    /**
     * How a commit is to be made (RFC 6241 §8.4.5).
     *
     * @param isConfirmed whether it waits to be confirmed
     * @param seconds for how long; empty: as usual
     * @param persist by which name it outlives its session; empty: it does not
     * @param persistId the name of the one before that this confirms or prolongs
     */
    record Commit(
            boolean isConfirmed, Optional<String> seconds, Optional<String> persist, Optional<String> persistId) {}

    private record Draft(ContainerNode data, ContainerNode base, int basedOn, int editor) {}

    private record Pending(int session, Optional<String> persist, int revision) {}

    private final ConfigPort port;
    private final GatewayModel model;
    private final FileTree files;
    private final Secrets secrets;
    private final Tree tree;
    private final Map<Store, Integer> locks = new EnumMap<>(Store.class);
    private Optional<Draft> draft = Optional.empty();
    private Optional<Pending> pending = Optional.empty();

    Datastores(GatewayModel model, ConfigPort port) {
        this.model = model;
        this.port = port;
        files = new FileTree(model);
        secrets = new Secrets(model);
        tree = new Tree(model);
    }

    /** What stands in a datastore, without its secrets. */
    synchronized Element shown(Store store) throws RpcException {
        return tree.written(secrets.masked(
                store == Store.CANDIDATE
                        ? candidate().data
                        : read(port.running().text())));
    }

    private ContainerNode read(String text) throws RpcException {
        try {
            return files.read(text);
        } catch (IllegalArgumentException e) {
            throw RpcException.protocol(Tag.OPERATION_FAILED, "the gateway's file cannot be shown: " + e.getMessage());
        }
    }

    private Draft candidate() throws RpcException {
        if (draft.isPresent()) {
            return draft.get();
        }
        ConfigPort.Running running = port.running();
        ContainerNode data = read(running.text());
        return new Draft(data, data, running.revision(), 0);
    }

    synchronized void lock(Asker asker, Store store) throws RpcException {
        Integer holder = locks.get(store);
        if (holder != null) {
            throw lockDenied(holder, store.word() + " is locked by session " + holder);
        }
        if (store == Store.CANDIDATE && draft.isPresent() && draft.get().editor != asker.session()) {
            throw lockDenied(
                    draft.get().editor,
                    "session " + draft.get().editor + " has edited candidate, and has not committed that");
        }
        Optional<Pending> waiting = waiting();
        if (waiting.isPresent() && waiting.get().session != asker.session()) {
            throw lockDenied(waiting.get().session, othersCommit(waiting.get()));
        }
        locks.put(store, asker.session());
    }

    private static RpcException lockDenied(int holder, String message) {
        return RpcException.held(Tag.LOCK_DENIED, holder, message);
    }

    private static String othersCommit(Pending waiting) {
        return "a commit of session " + waiting.session + " waits to be confirmed";
    }

    synchronized void unlock(Asker asker, Store store) throws RpcException {
        if (!Integer.valueOf(asker.session()).equals(locks.get(store))) {
            throw RpcException.protocol(Tag.OPERATION_FAILED, store.word() + " is not locked by this session");
        }
        release(store);
    }

    private void release(Store store) {
        locks.remove(store);
        if (store == Store.CANDIDATE) {
            draft = Optional.empty();
        }
    }

    private void requireFree(Asker asker, Store store) throws RpcException {
        Integer holder = locks.get(store);
        if (holder != null && holder != asker.session()) {
            throw RpcException.held(Tag.IN_USE, holder, store.word() + " is locked by session " + holder);
        }
    }

    /** Changes the candidate: all of it, or nothing. */
    synchronized void edit(Asker asker, Element config, EditConfig.Operation byDefault, Trial trial)
            throws RpcException {
        requireFree(asker, Store.CANDIDATE);
        Draft before = candidate();
        Element gateway = tree.written(before.data);
        EditConfig.carryOut(model, gateway, config, byDefault);
        Draft after =
                new Draft(restored(tree.read(gateway), before.data), before.base, before.basedOn, asker.session());
        requireRight(asker, after);
        if (trial != Trial.SHAPE) {
            judge(files.write(after.data));
        }
        if (trial != Trial.ONLY) {
            draft = Optional.of(after);
        }
    }

    /** How an edit is tried (RFC 6241 §7.2, {@code test-option}). */
    enum Trial {
        /** The candidate has the module's shape; the rest is asked when it is validated or committed. */
        SHAPE,
        /** By the judge, and then it is made. */
        FIRST,
        /** By the judge, and it is not made. */
        ONLY
    }

    private ContainerNode restored(ContainerNode wanted, ContainerNode before) throws RpcException {
        try {
            return secrets.restored(wanted, before);
        } catch (IllegalArgumentException e) {
            throw RpcException.at(Tag.INVALID_VALUE, "/g:gateway", String.valueOf(e.getMessage()));
        }
    }

    /** An operator ticks boxes, and changes nothing else. */
    private void requireRight(Asker asker, Draft wanted) throws RpcException {
        if (!asker.caller().may(Caller.Role.ADMIN) && !unticked(wanted.data).isEqualNode(unticked(wanted.base))) {
            throw RpcException.protocol(
                    Tag.ACCESS_DENIED,
                    asker.caller().name() + " is " + asker.caller().role().word()
                            + ": only an admin changes more than protected of VMs");
        }
    }

    private Element unticked(ContainerNode data) {
        Element gateway = tree.written(data);
        for (Element group : Xml.children(gateway)) {
            for (Element vm : Xml.children(group)) {
                if (vm.getLocalName().equals("vms")) {
                    Xml.child(vm, "protected").ifPresent(vm::removeChild);
                }
            }
        }
        return gateway;
    }

    private void judge(String text) throws RpcException {
        try {
            var _ = port.compare(text);
        } catch (RefusedChange e) {
            throw RpcException.of(e);
        }
    }

    synchronized void validate(Store store) throws RpcException {
        judge(store == Store.CANDIDATE ? text(candidate()) : port.running().text());
    }

    /** Whether a whole configuration that somebody sends is in order. */
    synchronized void validate(Element config) throws RpcException {
        Element gateway = tree.written(read(port.running().text()));
        EditConfig.carryOut(model, gateway, config, EditConfig.Operation.REPLACE);
        judge(files.write(restored(tree.read(gateway), candidate().data)));
    }

    /** What changes nothing leaves the file as it is, with its comments. */
    private String text(Draft wanted) {
        return wanted.data.equals(wanted.base) ? port.running().text() : files.write(wanted.data);
    }

    synchronized void commit(Asker asker, Commit how) throws RpcException {
        requireFree(asker, Store.CANDIDATE);
        requireFree(asker, Store.RUNNING);
        Optional<Pending> waiting = waiting();
        requireOwn(asker, waiting, how.persistId());
        Draft wanted = candidate();
        requireRight(asker, wanted);
        Optional<Duration> within = how.isConfirmed() ? Optional.of(within(how)) : Optional.empty();
        try {
            if (waiting.isPresent() && !how.isConfirmed() && draft.isEmpty()) {
                port.confirm(asker.caller().name());
                pending = Optional.empty();
                return;
            }
            int revision = port.commit(new ConfigPort.Wanted(
                    text(wanted),
                    asker.caller().name(),
                    "NETCONF session " + asker.session(),
                    wanted.basedOn,
                    within,
                    ConfigPort.When.NOW));
            pending = how.isConfirmed()
                    ? Optional.of(new Pending(asker.session(), how.persist(), revision))
                    : Optional.empty();
            draft = Optional.empty();
        } catch (RefusedChange e) {
            throw e.kind() == RefusedChange.Kind.STALE
                    ? RpcException.protocol(
                            Tag.OPERATION_FAILED,
                            "the configuration was changed since candidate was edited (" + e.getMessage()
                                    + "): discard-changes, and edit it anew")
                    : RpcException.of(e);
        }
    }

    private static Duration within(Commit how) throws RpcException {
        if (how.seconds().isEmpty()) {
            return USUAL_CONFIRMATION;
        }
        String text = how.seconds().get();
        try {
            int seconds = Integer.parseInt(text);
            if (seconds >= 1 && seconds <= MAX_CONFIRM_SECONDS) {
                return Duration.ofSeconds(seconds);
            }
        } catch (NumberFormatException e) {
            throw confirmTimeout(text);
        }
        throw confirmTimeout(text);
    }

    private static RpcException confirmTimeout(String text) {
        return RpcException.protocol(
                Tag.INVALID_VALUE, "confirm-timeout is '" + text + "': it is 1 to " + MAX_CONFIRM_SECONDS + " seconds");
    }

    /** The commit that waits is still the one of a session of ours, and waits still: the gateway's word counts. */
    private Optional<Pending> waiting() {
        OptionalInt unconfirmed = port.unconfirmed();
        pending = pending.filter(mine -> unconfirmed.isPresent() && unconfirmed.getAsInt() == mine.revision);
        return pending;
    }

    private static void requireOwn(Asker asker, Optional<Pending> waiting, Optional<String> persistId)
            throws RpcException {
        Optional<String> persist = waiting.flatMap(Pending::persist);
        if (persistId.isPresent() && !persistId.equals(persist)) {
            throw RpcException.protocol(
                    Tag.INVALID_VALUE, "no commit that waits to be confirmed has the persist-id " + persistId.get());
        }
        if (persistId.isEmpty() && persist.isPresent()) {
            throw RpcException.protocol(
                    Tag.INVALID_VALUE,
                    othersCommit(waiting.get()) + ": it is confirmed or cancelled by its persist-id");
        }
        if (persist.isEmpty() && waiting.isPresent() && waiting.get().session != asker.session()) {
            throw RpcException.held(Tag.IN_USE, waiting.get().session, othersCommit(waiting.get()));
        }
    }

    synchronized void cancel(Asker asker, Optional<String> persistId) throws RpcException {
        Optional<Pending> waiting = waiting();
        if (waiting.isEmpty()) {
            throw RpcException.protocol(Tag.OPERATION_FAILED, "no commit waits to be confirmed");
        }
        requireOwn(asker, waiting, persistId);
        try {
            port.rollBack(asker.caller().name(), "cancel-commit");
            pending = Optional.empty();
        } catch (RefusedChange e) {
            throw RpcException.of(e);
        }
    }

    synchronized void discard(Asker asker) throws RpcException {
        requireFree(asker, Store.CANDIDATE);
        draft = Optional.empty();
    }

    /**
     * A session is over, however: its locks are free, what it has edited is gone, and what it was to confirm is taken back.
     *
     * @return what stood in the way of that
     */
    synchronized List<String> ended(Asker asker) {
        for (Store store : Store.values()) {
            if (Integer.valueOf(asker.session()).equals(locks.get(store))) {
                release(store);
            }
        }
        draft = draft.filter(edited -> edited.editor != asker.session());
        Optional<Pending> waiting = waiting();
        if (waiting.isPresent() && waiting.get().persist.isEmpty() && waiting.get().session == asker.session()) {
            try {
                port.rollBack(asker.caller().name(), "session " + asker.session() + " ended without a confirmation");
                pending = Optional.empty();
            } catch (RefusedChange e) {
                // The gateway goes back when the time is over.
                return e.lines();
            }
        }
        return List.of();
    }
}
