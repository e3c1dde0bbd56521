/*
 * Who owns a protection group: two sites, one witness record, links that lose, delay, reorder and duplicate.
 *
 * The model is one process that takes one step of one party at a time, in any order:
 *
 *   - A link is a set of messages. What was sent stays in the set and may be taken never (lost), late, in any order or
 *     again and again. A site that restarts has new TLS sessions: what was on its way to it is gone.
 *   - A pause is a site that takes no step, for as long as it likes; its steps look at its own memory only.
 *   - A crash is a restart: memory is lost, the term included; the VM dies with the gateway, or runs on. Staying dead is a
 *     pause.
 *   - The witness remembers across restarts (an answer is durable before it is told), so its restarts need no step.
 *   - Epochs are counted through the terms (a promoted site goes on from what it holds), so that one number says how much
 *     of the VM's life a site holds, or let out.
 *
 *   - A disk answers flushes before it has what they are about (`lazy`) while a protected owner's output waits for the other site. That
 *     is the agent's matter, which outlives its gateway: it ends when the disk has everything (`syncs`), and with the VM.
 *
 *   - A witness whose records were lost or put back knows that (it was restored by its command, or is told of a higher term), and then
 *     grants nothing and tells nobody who has just started: to the sites it is a witness that takes no step any more. What an operator
 *     gives them afterwards is a wish against the rules, in terms that were never granted.
 *
 * The ten rules are assertions named `broken...`; spin says which one failed. Each PLANT_... is a fault that must be found.
 *
 * What a gateway passes on to the other is no step here: it changes neither role nor term, and makes the other one only wait and ask,
 * which every site may do at any time. A standby may keep epochs of a term of which it has only heard (`takesImage`).
 *
 * The states of a gateway (OwnershipState) as roles of this model, and for each two states that one row of its table joins
 * (OwnershipTable) the step that does the same here. OwnershipModelTest fails when the table, these lines and the steps differ.
 *
 *     UNKNOWN      is OUT
 *     FENCED       is OUT
 *     STANDBY      is OUT, STANDBY                   by whether the record says that it is in sync
 *     PROMOTING    is STANDBY, SOLO                  with `burned` until it is granted, then on its way to SOLO
 *     PROTECTED    is PROTECTED
 *     HANDING_OVER is PROTECTED
 *     SOLO         is SOLO
 *     SYNCING      is SOLO                           with `gate` once output is held
 *
 *     UNKNOWN      -> STANDBY       learnPeers       FENCED       -> STANDBY       learnPeers
 *     UNKNOWN      -> FENCED        goOut            FENCED       -> SOLO          goOn
 *     UNKNOWN      -> SOLO          goOn             FENCED       -> UNKNOWN       goOut
 *     STANDBY      -> PROMOTING     asksPromotion    PROMOTING    -> STANDBY       learnPeers
 *     STANDBY      -> SOLO          activate         PROMOTING    -> SOLO          activate
 *     STANDBY      -> UNKNOWN       goOut            PROMOTING    -> FENCED        goOut
 *                                                    PROMOTING    -> UNKNOWN       goOut
 *     PROTECTED    -> HANDING_OVER  within PROTECTED HANDING_OVER -> PROTECTED     within PROTECTED
 *     PROTECTED    -> SOLO          learnOwn         HANDING_OVER -> SOLO          learnOwn
 *     PROTECTED    -> FENCED        handsOver        HANDING_OVER -> FENCED        handsOver
 *     PROTECTED    -> STANDBY       goOut            HANDING_OVER -> STANDBY       goOut
 *     PROTECTED    -> UNKNOWN       goOut            HANDING_OVER -> UNKNOWN       goOut
 *     SOLO         -> SYNCING       within SOLO      SYNCING      -> SOLO          within SOLO
 *     SOLO         -> PROTECTED     learnOwn         SYNCING      -> PROTECTED     learnOwn
 *     SOLO         -> FENCED        goOut            SYNCING      -> FENCED        goOut
 *     SOLO         -> STANDBY       goOut            SYNCING      -> STANDBY       goOut
 *     SOLO         -> UNKNOWN       goOut            SYNCING      -> UNKNOWN       goOut
 *
 * With MEMBERS, the VM is one of several of its group, and leaves and joins it while the others stay protected (Membership, MemberPhase at
 * the gateway): an owner says sets with and without it, a standby takes them, and only a takeover by who has taken a set with it activates
 * it. A takeover without it leaves it where it is, out of the group. While the owner stands alone it is a member. SETS bounds how often a
 * set is said.
 *
 * With OLDER, that goes on where the other site has gone on from the VM that ran here, which runs on, and has let it leave: site 1 stands by
 * beside such a copy. Its gateway knows that it withholds it (`withheld`), and its disk (`listed`), a moment later. A copy is looked at whenever
 * its site owns the group alone: it must be withheld then. It ends by an operator's hand.
 *
 * With RECOVERY, the witness's disk goes back in time by a grant, once, and the gateways have lost theirs. Who was told of that grant tells it
 * when its gateway calls (its agents remember it). Until the gateways of both sites have called the witness decides nothing; by then it is in
 * doubt. Meanwhile it may grant terms to other groups, whose gateways have called, so that its counter comes past what it has forgotten. An
 * operator recovers it: in a term above all that were granted, which follows the record that the witness has left, for the site
 * that was granted the group last.
 *
 * With CLONE, a copy of site 0's gateway runs at another place, beside a copy of the VM, with the same certificate. Of the two the witness serves
 * the one that has the seat; the other is told nothing and asks for nothing. The copy gets the seat while the site neither owns the group nor
 * is in sync, however long its original may be silent. From then on it is the site's gateway, which restarted without a VM of any use.
 *
 * EPOCHS and TERMS bound the run. Conditions on `recTerm` or the peer's `term` in the steps of a site only leave out
 * messages that nobody could use any more; they are marked "useless".
 */
#ifdef OLDER
#define MEMBERS
#endif
#ifndef EPOCHS
#define EPOCHS 2
#endif
#ifndef TERMS
#define TERMS 4
#endif

/* One for each term and one unused; never fewer than the steps below are written out for. */
#if TERMS > 4
#define SLOTS (TERMS + 1)
#else
#define SLOTS 5
#endif

#define BIT(k) (1 << (k))
#define PEER(i) (1 - (i))
#define MAX(x, y) ((x) > (y) -> (x) : (y))

/* Roles. OUT: no image in use, not trusted. SOLO with `gate` is the owner that gates its output before it asks. */
#define OUT 0
#define STANDBY 1
#define PROTECTED 2
#define SOLO 3

/* The witness: the history of the record, and the requests of its current term. Older requests fail for good. */
byte recTerm = 1;
byte recOwner[SLOTS];
bool recBoth[SLOTS];
byte asked;
#define ASKS_ALONE(i) BIT(i)
#define ASKS_BOTH(i) BIT(2 + (i))
#define HANDS_OVER(i) BIT(4 + (i))
#define RENEWS(i) BIT(6 + (i))

/* The sites. */
byte term[2];
byte role[2];
byte sealed[2];
byte acked[2];
byte out[2];
byte held[2];
byte imageTerm[2];
bool gate[2];
bool burned[2];
bool vmAlone[2];
bool lazy[2];

/* The tunnel, per term: bits of epochs. Epochs and images go from the term's owner, acknowledgements to it. */
byte epochs[SLOTS];
byte images[SLOTS];
byte acks[SLOTS];

/* Sets of members that were said, in their order: in which term, and whether with the VM; and the answers on their way. */
#ifdef MEMBERS
#ifndef SETS
#define SETS 2
#endif
#define MEMBER 0
#define LEAVING 1
#define FREE 2
#define HELD 3
#define ADDING 4
byte sets;
byte setTerm[SETS + 1];
byte setHas;
byte answered;
/* Images of a VM that joins: of use to a standby, which has the other VMs of the group. */
byte joiners[SLOTS];
byte phase[2];
byte taken[2];
bool dropped[2];
bool copied[2];
bool brokenMembershipBeforeOutput;
#endif
#ifdef OLDER
bool copy[2];
bool withheld[2];
bool listed[2];
#define NO_COPY(i) !copy[i]
#else
#define NO_COPY(i) true
#endif

/* What only the rules look at. */
byte released;
byte kept;
byte activeTerm = 1;
byte activeSite;
byte activeAt;
byte knows[2];
bool told[2] = true;

bool brokenReleasedIsCommitted;
bool brokenOneOwnerPerTerm;
bool brokenNoTermTwice;
bool brokenPromotedHoldsAllReleased;
bool brokenNoSoloWhilePeerInSync;
bool brokenNothingAfterFence;
bool brokenFailClosed;
bool brokenDiskBeforeOutput;

/*
 * What its disk has left of the record, until it is recovered; who has called since, and whether one of them knew better; which record each
 * term follows; what each site was ever told of.
 */
#ifdef RECOVERY
bool wentBack;
byte left;
byte called;
bool found;
bool others;
byte follows[SLOTS];
byte knew[2];
#endif
#ifdef CLONE
bool copySits;
byte copyAsked;
bool brokenOneGatewayPerSite;
#endif

#ifdef PLANT_ACK_AFTER_ASKING
byte frozen[2];
#endif
#ifdef PLANT_STALE_ACK_ACCEPTED
byte base[SLOTS];
#endif
#ifdef PLANT_RESTORED_WITNESS
bool restored;
#endif

/* ---- output --------------------------------------------------------------------------------------------------- */

inline letOut(i, upTo) {
    brokenOneOwnerPerTerm = recOwner[term[i]] != i + 1;
    assert(!brokenOneOwnerPerTerm);
    brokenFailClosed = !told[i];
    assert(!brokenFailClosed);
    brokenNothingAfterFence = knows[i] > term[i];
    assert(!brokenNothingAfterFence);
    brokenPromotedHoldsAllReleased = activeTerm > term[i] && activeSite != i && upTo > activeAt;
    assert(!brokenPromotedHoldsAllReleased);
    out[i] = upTo;
    released = MAX(released, upTo)
}

#define gated(i) (role[i] == PROTECTED || gate[i])

#define seals(i) \
    d_step { role[i] >= PROTECTED && sealed[i] < EPOCHS -> \
        sealed[i]++; \
        send(epochs, i, sealed[i]) }

#ifdef PLANT_RELEASE_ON_SEAL
#define committed(i) sealed[i]
#else
#define committed(i) acked[i]
#endif

#ifndef MEMBERS
#define noJoiners(t) skip
#define forgetsSets(i) skip
#define RELEASED_AS_MEMBER(i) true
#define requireMembership(i) skip
#define HAS_IMAGE(i) true
#define KEEPS_MEMBERS(i, what) what
#define forgetMembers(i) skip
#define rejoin(i) skip
#else
#define noJoiners(t) joiners[t] = 0
/* The set that comes with a first image is newer than all that was said before. */
#define forgetsSets(i) taken[i] = sets
#ifdef PLANT_RELEASE_BEFORE_FIRST_IMAGE
#define RELEASED_AS_MEMBER(i) (phase[i] != LEAVING && phase[i] != FREE)
#else
#define RELEASED_AS_MEMBER(i) (phase[i] == MEMBER)
#endif
/* What is held of a VM is released only when a takeover would activate it. */
inline requireMembership(i) {
    brokenMembershipBeforeOutput = role[PEER(i)] == STANDBY && recBoth[recTerm] && dropped[PEER(i)];
    assert(!brokenMembershipBeforeOutput)
}
#define HAS_IMAGE(i) (!dropped[i] || copied[i])
#define KEEPS_MEMBERS(i, what) \
        w = taken[i] * 4 + dropped[i] * 2 + copied[i]; \
        what; \
        taken[i] = w / 4; \
        dropped[i] = (w / 2) % 2; \
        copied[i] = w % 2; \
        w = 0
/* What was said before it stood by is of no use to it. */
inline forgetMembers(i) {
    phase[i] = MEMBER;
    taken[i] = sets;
    dropped[i] = false;
    copied[i] = false
}
#define rejoin(i) phase[i] = MEMBER
#endif

#define releases(i) \
    d_step { role[i] >= PROTECTED && gated(i) && RELEASED_AS_MEMBER(i) && committed(i) > out[i] -> \
        requireMembership(i); \
        letOut(i, committed(i)); \
        brokenReleasedIsCommitted = out[i] > kept; \
        assert(!brokenReleasedIsCommitted) }

/* An owner that stands alone by a record that somebody else has brought syncs the disks before it passes; by its own wish, before it asks. */
#ifdef RECOVERY
#define MAY_PASS(i) !lazy[i]
#else
#define MAY_PASS(i) true
#endif
#define passes(i) \
    d_step { role[i] == SOLO && !gate[i] && sealed[i] > out[i] && MAY_PASS(i) -> \
        brokenNoSoloWhilePeerInSync = recOwner[recTerm] != i + 1 || recBoth[recTerm]; \
        assert(!brokenNoSoloWhilePeerInSync); \
        brokenDiskBeforeOutput = lazy[i]; \
        assert(!brokenDiskBeforeOutput); \
        letOut(i, sealed[i]) }

/* Flushes wait for the disk again, and it has everything that was ever answered. */
#define syncs(i) \
    d_step { lazy[i] && (role[i] >= PROTECTED || vmAlone[i]) -> lazy[i] = false }

/* ---- the owner and its standby -------------------------------------------------------------------------------- */

/* Useless if the peer knows a higher term. */
#define send(link, i, k) \
        if \
        :: term[PEER(i)] <= term[i] -> link[term[i]] = link[term[i]] | BIT(k) \
        :: else \
        fi

#ifdef PLANT_STALE_ACK_ACCEPTED
/* Epochs are numbered anew in each term: the fifth of the old term is taken for the fifth of the new one. */
#define ackedBy(i, t, k) (base[term[i]] + k - base[t])
#define hearsAck(i, t, k) \
    d_step { role[i] >= PROTECTED && acks[t] & BIT(k) && recOwner[t] == i + 1 && t <= term[i] && k > base[t] \
            && acked[i] < ackedBy(i, t, k) && ackedBy(i, t, k) <= sealed[i] -> acked[i] = ackedBy(i, t, k) }
#define hearsAcks(i, k) hearsAck(i, 1, k) :: hearsAck(i, 2, k) :: hearsAck(i, 3, k) :: hearsAck(i, 4, k)
#else
#define hearsAcks(i, k) \
    d_step { role[i] >= PROTECTED && acked[i] < k && acks[term[i]] & BIT(k) -> acked[i] = k }
#endif

#define shipsAgain(i, k) \
    d_step { role[i] >= PROTECTED && acked[i] < k && k <= sealed[i] \
            && term[PEER(i)] <= term[i] && !(epochs[term[i]] & BIT(k)) -> \
        send(epochs, i, k) }

#define sendsImage(i) \
    d_step { role[i] == SOLO && term[PEER(i)] <= term[i] && !(images[term[i]] & BIT(sealed[i])) -> \
        send(images, i, sealed[i]) }

inline acknowledge(i, t) {
    brokenFailClosed = !told[i];
    assert(!brokenFailClosed);
#ifndef PLANT_ACK_BEFORE_KEEP
    kept = MAX(kept, held[i]);
#endif
    /* Useless if the owner knows a higher term. */
    if
    :: term[PEER(i)] == t -> acks[t] = acks[t] | BIT(held[i])
    :: else
    fi
}

#ifdef PLANT_ACK_AFTER_ASKING
#define mayAck(i) true
#else
#define mayAck(i) !burned[i]
#endif

#define standbyKeeps(i, k) \
    d_step { role[i] == STANDBY && mayAck(i) && HAS_IMAGE(i) && held[i] + 1 == k && epochs[term[i]] & BIT(k) -> \
        held[i] = k; \
        acknowledge(i, term[i]) }

#ifdef PLANT_ACK_BEFORE_TOLD
#define MAY_TAKE(i) true
#else
#define MAY_TAKE(i) told[i]
#endif

#ifdef PLANT_OLDER_IMAGE_TAKEN
#define NEWER_TERM(i, t) (t != imageTerm[i])
#else
#define NEWER_TERM(i, t) (t > imageTerm[i])
#endif

/* Beside a VM of its own a site keeps no image of it. */
#define takesImage(i, t, k) \
    d_step { role[i] == OUT && !vmAlone[i] && NO_COPY(i) && MAY_TAKE(i) && t >= term[i] && recOwner[t] == PEER(i) + 1 && images[t] & BIT(k) \
            && (NEWER_TERM(i, t) || (imageTerm[i] == t && k > held[i])) -> \
        held[i] = k; \
        imageTerm[i] = t; \
        forgetsSets(i); \
        acknowledge(i, t) }

#define imageKeeps(i, k) \
    d_step { role[i] == OUT && imageTerm[i] > 0 && imageTerm[i] >= term[i] && held[i] + 1 == k \
            && epochs[imageTerm[i]] & BIT(k) -> \
        held[i] = k; \
        acknowledge(i, imageTerm[i]) }

/* ---- the VM leaves the group and joins it ----------------------------------------------------------------------- */

#ifdef MEMBERS
inline saySet(i, has) {
    sets++;
    setTerm[sets] = term[i];
    setHas = setHas | (has << sets)
}

/* Its checkpoints end, and what is on its way of them counts no more. */
#define unticks(i) \
    d_step { role[i] == PROTECTED && phase[i] == MEMBER && sets < SETS -> \
        phase[i] = LEAVING; \
        acked[i] = 0; \
        epochs[term[i]] = 0; \
        joiners[term[i]] = 0; \
        acks[term[i]] = 0; \
        saySet(i, 0) }

#define takesSet(i, g) \
    d_step { role[i] == STANDBY && mayAck(i) && g <= sets && g > taken[i] && setTerm[g] <= term[i] \
            && recOwner[setTerm[g]] == PEER(i) + 1 && (!(setHas & BIT(g)) || HAS_IMAGE(i)) -> \
        taken[i] = g; \
        dropped[i] = !(setHas & BIT(g)); \
        held[i] = (dropped[i] -> 0 : held[i]); \
        copied[i] = false; \
        answered = answered | BIT(g) }

#ifdef PLANT_PASS_BEFORE_DROPPED
#define DROPPED_THERE true
#else
#define DROPPED_THERE (answered & BIT(sets))
#endif
#define leaves(i) \
    d_step { role[i] == PROTECTED && phase[i] == LEAVING && !lazy[i] && DROPPED_THERE -> phase[i] = FREE }

#define mayActivate(i) \
    (role[i] == STANDBY && !dropped[i] && (recBoth[recTerm] || recOwner[recTerm] == i + 1))

/* Past the gateway, be it up or not. */
#define passesFree(i) \
    d_step { phase[i] == FREE && (role[i] == PROTECTED || vmAlone[i]) && sealed[i] > out[i] -> \
        brokenMembershipBeforeOutput = mayActivate(PEER(i)); \
        assert(!brokenMembershipBeforeOutput); \
        out[i] = sealed[i]; \
        released = MAX(released, sealed[i]) }

#define sendsJoiner(i) \
    d_step { role[i] == PROTECTED && phase[i] == FREE && term[PEER(i)] <= term[i] && !(joiners[term[i]] & BIT(sealed[i])) -> \
        send(joiners, i, sealed[i]) }

#define copiesJoiner(i, k) \
    d_step { role[i] == STANDBY && dropped[i] && !copied[i] && NO_COPY(i) && mayAck(i) && joiners[term[i]] & BIT(k) -> \
        copied[i] = true; \
        held[i] = k; \
        acknowledge(i, term[i]) }

#define holdsJoiner(i) \
    d_step { role[i] == PROTECTED && phase[i] == FREE && acks[term[i]] != 0 -> phase[i] = HELD }

#define adds(i) \
    d_step { role[i] == PROTECTED && phase[i] == HELD && acks[term[i]] != 0 && acked[i] >= out[i] && sets < SETS -> \
        phase[i] = ADDING; \
        saySet(i, 1) }

#ifdef PLANT_MEMBERS_DIFFER_AT_TAKEOVER
#define TAKEN_THERE true
#else
#define TAKEN_THERE (answered & BIT(sets))
#endif
#define joins(i) \
    d_step { role[i] == PROTECTED && phase[i] == ADDING && TAKEN_THERE -> \
        phase[i] = MEMBER }
#endif

/* ---- an older copy of the VM ------------------------------------------------------------------------------------ */

#ifdef OLDER
/* The site owns the group and stands alone, so whatever is not withheld passes. */
#define looksAtCopy(i) \
    d_step { copy[i] && told[i] && recOwner[term[i]] == i + 1 && !recBoth[term[i]] -> \
        brokenMembershipBeforeOutput = !withheld[i]; \
        assert(!brokenMembershipBeforeOutput) }

#define endsCopy(i) \
    d_step { copy[i] -> copy[i] = false; withheld[i] = false }

#define keepsOnDisk(i) \
    d_step { listed[i] != withheld[i] -> listed[i] = withheld[i] }

#ifdef PLANT_OLDER_COPY_FORGOTTEN
#define RECALLS(i) withheld[i] = false
#else
#define RECALLS(i) withheld[i] = copy[i] && listed[i]
#endif
#ifdef PLANT_OLDER_COPY_PASSES
#define COMES_BACK(i) withheld[i] = false
#else
#define COMES_BACK(i) skip
#endif
#define COPY_OF_VM_STEPS(i) \
    :: looksAtCopy(i) \
    :: endsCopy(i) \
    :: keepsOnDisk(i)
#else
#define RECALLS(i) skip
#define COMES_BACK(i) skip
#define COPY_OF_VM_STEPS(i)
#endif

/* ---- what a site asks of the witness; useless if the record has moved on --------------------------------------- */

#define ask(what) asked = asked | what

/* Of two gateways of site 0 the witness serves one. The original's requests that are open were refused when the seat went to the other. */
#ifdef CLONE
#ifdef PLANT_CLONED_SITE
#define MAY_SIT true
#else
#define MAY_SIT !inSync(0)
#endif
#define HAS_SEAT(i) (i == 1 || !copySits)

#define copySeats() \
    d_step { !copySits && MAY_SIT -> copySits = true; asked = asked & ~(ASKS_ALONE(0) | ASKS_BOTH(0) | HANDS_OVER(0) | RENEWS(0)) }

/* It is told that its site owns the group, and asks to stand alone, as whoever starts. */
#define copyAsks() \
    d_step { copySits && recOwner[recTerm] == 1 && copyAsked != recTerm -> copyAsked = recTerm; ask(ASKS_ALONE(0)) }

/* It is granted that, and lets its VM's output pass. */
#define copyPasses() \
    d_step { copySits && copyAsked != 0 && recTerm == copyAsked + 1 && recOwner[recTerm] == 1 && !recBoth[recTerm] -> \
        brokenOneGatewayPerSite = role[0] >= PROTECTED && told[0]; \
        assert(!brokenOneGatewayPerSite); \
        copyAsked = 0 }
#define COPY_STEPS :: copySeats() :: copyAsks() :: copyPasses()
#else
#define HAS_SEAT(i) true
#define COPY_STEPS
#endif

#ifdef PLANT_SOLO_WITHOUT_SYNC
#define SYNCED(i) true
#else
#define SYNCED(i) !lazy[i]
#endif

#define asksSolo(i) \
    d_step { HAS_SEAT(i) && role[i] >= PROTECTED && SYNCED(i) && term[i] == recTerm && !(asked & ASKS_ALONE(i)) -> ask(ASKS_ALONE(i)) }

/*
 * A gateway that restarted as the owner, beside a VM that ran on: what it had asked in its former life it does not know. With a standby
 * in sync it asks once the agent is here, which has synced the disks before; alone it was only after that.
 */
#ifdef PLANT_RESTARTED_WITHOUT_AGENT
#define AGENT_HERE(i) true
#else
#define AGENT_HERE(i) (!recBoth[term[i]] || !lazy[i])
#endif
#define resumes(i) \
    d_step { HAS_SEAT(i) && vmAlone[i] && told[i] && AGENT_HERE(i) && recOwner[term[i]] == i + 1 && term[i] == recTerm && !(asked & ASKS_ALONE(i)) -> \
        ask(ASKS_ALONE(i)) }

#define gates(i) \
    d_step { role[i] == SOLO && !gate[i] -> gate[i] = true }

#define asksProtected(i) \
    d_step { HAS_SEAT(i) && role[i] == SOLO && MAY_ASK_BOTH(i) && term[i] == recTerm && !(asked & ASKS_BOTH(i)) -> ask(ASKS_BOTH(i)) }

/* A protected owner wants a newer term and nothing else: a switch has been given this one, or a later one, by somebody else. */
#ifdef PLANT_RENEWED_AS_PROTECTED
#define asksRenewal(i) \
    d_step { role[i] >= PROTECTED && term[i] == recTerm -> ask((recBoth[recTerm] -> RENEWS(i) : ASKS_BOTH(i))) }
#else
#define asksRenewal(i) \
    d_step { HAS_SEAT(i) && role[i] == PROTECTED && term[i] == recTerm && !(asked & RENEWS(i)) -> ask(RENEWS(i)) }
#endif

#define GATED_BEFORE(i) gate[i]
/* An image was acknowledged under this term, and everything that was let out. */
#define HOLDS_ALL(i) (acked[i] >= out[i] && acks[term[i]] != 0)
#ifdef PLANT_NO_GATE_BEFORE_ASKING
#undef GATED_BEFORE
#define GATED_BEFORE(i) true
#endif
#ifdef PLANT_PROTECT_BEFORE_HELD
#undef HOLDS_ALL
#define HOLDS_ALL(i) true
#endif
#define MAY_ASK_BOTH(i) (GATED_BEFORE(i) && HOLDS_ALL(i))

#define asksPromotion(i) \
    d_step { role[i] == STANDBY && !(burned[i] && (term[i] != recTerm || asked & ASKS_ALONE(i))) -> \
        FREEZE(i); \
        burned[i] = true; \
        if \
        :: HAS_SEAT(i) && term[i] == recTerm -> ask(ASKS_ALONE(i)) \
        :: else \
        fi }
#ifdef PLANT_ACK_AFTER_ASKING
#define FREEZE(i) frozen[i] = (burned[i] -> frozen[i] : held[i])
#else
#define FREEZE(i) skip
#endif

/*
 * A planned switchover: the owner asks for its standby. It pauses its VM for that and has everything committed, so that
 * nothing is lost; but it is not fenced, and may let the VM run on while the request is on its way. So no step here pauses.
 */
#define asksHandover(i) \
    d_step { HAS_SEAT(i) && role[i] == PROTECTED && term[i] == recTerm && !(asked & HANDS_OVER(i)) -> ask(HANDS_OVER(i)) }

/* The VM has died, its last epoch is committed and let out; the owner fences itself and asks. */
#define handsOver(i) \
    d_step { HAS_SEAT(i) && role[i] == PROTECTED && acked[i] == sealed[i] && out[i] == sealed[i] && term[i] == recTerm -> \
        become(i, OUT, term[i]); \
        ask(HANDS_OVER(i)) }

/* A gateway that restarted as the owner beside a standby in sync, and sees no VM: it fences itself and asks. */
#define givesUp(i) \
    d_step { HAS_SEAT(i) && role[i] == OUT && told[i] && term[i] == recTerm && recOwner[recTerm] == i + 1 && recBoth[recTerm] \
            && !(asked & HANDS_OVER(i)) -> \
        vmAlone[i] = false; \
        ask(HANDS_OVER(i)) }

/* ---- the witness ---------------------------------------------------------------------------------------------- */

#ifdef RECOVERY
#define FOLLOWS(t, before) follows[t] = before
#else
#define FOLLOWS(t, before) skip
#endif

inline grant(owner, both) {
    brokenNoTermTwice = recOwner[recTerm + 1] != 0;
    assert(!brokenNoTermTwice);
    recTerm++;
    recOwner[recTerm] = owner + 1;
    recBoth[recTerm] = both;
    FOLLOWS(recTerm, recTerm - 1);
    asked = 0
}

#ifdef RECOVERY
#define IS_NEXT(i, t) (follows[t] == term[i])
#define DECIDES (left == 0)

/* Its disk goes back by a grant of which somebody was told; what was asked of it ends with its process. */
#define witnessGoesBack() \
    d_step { left == 0 && !wentBack && recTerm > 1 && (knew[0] == recTerm || knew[1] == recTerm) -> \
        wentBack = true; \
        left = recTerm - 1; \
        asked = 0 }

/* The gateway of a site calls the witness that has gone back, with what its agents remember. */
#define calls(i) \
    d_step { left != 0 && !(called & BIT(i)) -> \
        called = called | BIT(i); \
        found = found || knew[i] > FORGOTTEN_ABOVE }

/* It grants a term to another group, of which it knows better. */
#define grantsOthers() \
    d_step { left != 0 && !others -> others = true }

/* What it granted to others since is no term of this group. */
#ifdef PLANT_DOUBT_BY_COUNTER
#define FORGOTTEN_ABOVE (left + others)
#else
#define FORGOTTEN_ABOVE left
#endif

#ifdef PLANT_OLD_DISK_BELIEVED
#define BELIEVES (called != 0)
#else
#define BELIEVES (called == (BIT(0) | BIT(1)))
#endif
/* It takes what is left for all that it ever granted, and grants the next term. */
#define grantsFromOldDisk() \
    d_step { left != 0 && !found && BELIEVES -> \
        brokenNoTermTwice = recOwner[left + 1] != 0; \
        assert(!brokenNoTermTwice) }

#ifdef PLANT_RECOVERED_TO_ANOTHER
#define RECOVERED_TO(i) true
#else
#define RECOVERED_TO(i) (recOwner[recTerm] == i + 1)
#endif
#ifdef PLANT_RECOVERED_IN_USED_TERM
#define ABOVE_ALL left
#else
#define ABOVE_ALL recTerm
#endif
#define recovers(i) \
    d_step { left != 0 && recTerm < TERMS && RECOVERED_TO(i) -> \
        u = left; \
        recTerm = ABOVE_ALL; \
        grant(i, false); \
        FOLLOWS(recTerm, u); \
        left = 0; \
        called = 0; \
        found = false; \
        others = false; \
        u = 0 }
#define RECOVERY_STEPS :: witnessGoesBack() :: calls(0) :: calls(1) :: grantsOthers() :: grantsFromOldDisk() :: recovers(0) :: recovers(1)
#define KNEW(i, t) knew[i] = MAX(knew[i], t)
#else
#define IS_NEXT(i, t) (t == term[i] + 1)
#define DECIDES true
#define RECOVERY_STEPS
#define KNEW(i, t) skip
#endif

#define inSync(i) (recOwner[recTerm] == i + 1 || recBoth[recTerm])

#define grantsAlone(i) \
    d_step { DECIDES && recTerm < TERMS && asked & ASKS_ALONE(i) && inSync(i) -> grant(i, false) }

#define grantsBoth(i) \
    d_step { DECIDES && recTerm < TERMS && asked & ASKS_BOTH(i) && recOwner[recTerm] == i + 1 && !recBoth[recTerm] -> \
        grant(i, true) }

#define grantsRenewal(i) \
    d_step { DECIDES && recTerm < TERMS && asked & RENEWS(i) && recOwner[recTerm] == i + 1 && recBoth[recTerm] -> \
        grant(i, true) }

#define grantsHandover(i) \
    d_step { DECIDES && recTerm < TERMS && asked & HANDS_OVER(i) && recOwner[recTerm] == i + 1 && recBoth[recTerm] -> \
        grant(PEER(i), false) }

/* ---- a site learns a record, any that it has not got beyond ----------------------------------------------------- */

inline become(i, next, t) {
    role[i] = next;
    term[i] = t;
    sealed[i] = 0;
    acked[i] = 0;
    out[i] = 0;
    held[i] = 0;
    imageTerm[i] = 0;
    gate[i] = false;
    burned[i] = false;
    vmAlone[i] = false;
    lazy[i] = false;
    forgetMembers(i);
    forgetUseless()
}

#ifdef PLANT_STALE_ACK_ACCEPTED
#define USELESS_ACKS(t) skip
#else
#define USELESS_ACKS(t) acks[t] = 0
#endif

/* Keeps the states few: what nobody can use any more is as good as never sent. */
inline forgetUseless() {
    for (u : 1 .. TERMS) {
        if
        :: recOwner[u] != 0 && term[2 - recOwner[u]] > u -> epochs[u] = 0; images[u] = 0; noJoiners(u)
        :: else
        fi;
        if
        :: recOwner[u] != 0 && (term[recOwner[u] - 1] > u || (term[recOwner[u] - 1] == u && role[recOwner[u] - 1] < PROTECTED)) -> USELESS_ACKS(u)
        :: else
        fi
    }
    u = 0
}

inline renumber(i, t) {
#ifdef PLANT_STALE_ACK_ACCEPTED
    base[t] = sealed[i]
#else
    skip
#endif
}

inline activate(i, t) {
    brokenOneOwnerPerTerm = recOwner[t] != i + 1;
    assert(!brokenOneOwnerPerTerm);
#ifdef PLANT_ACK_AFTER_ASKING
    v = (burned[i] -> frozen[i] : held[i]);
#else
    v = held[i];
#endif
    brokenPromotedHoldsAllReleased = v < released;
    assert(!brokenPromotedHoldsAllReleased);
    become(i, SOLO, t);
    sealed[i] = v;
    out[i] = v;
    renumber(i, t);
    kept = v;
    activeTerm = t;
    activeSite = i;
    activeAt = v;
    v = 0
}

#ifdef MEMBERS
/* The other VMs of the group are activated, and this one stays where it is: nobody takes it for a member. */
inline takeOverWithout(i, t) {
    brokenMembershipBeforeOutput = role[PEER(i)] == PROTECTED && phase[PEER(i)] == MEMBER;
    assert(!brokenMembershipBeforeOutput);
    COMES_BACK(i);
    goOut(i, t)
}

inline takeOver(i, t) {
    if
    :: dropped[i] -> takeOverWithout(i, t)
    :: else -> activate(i, t)
    fi
}
#else
#define takeOver(i, t) activate(i, t)
#endif

#ifdef PLANT_ACKNOWLEDGED_IMAGE_DROPPED
#define KEEPS_IMAGE(i, t) false
#else
#define KEEPS_IMAGE(i, t) (imageTerm[i] >= t)
#endif

#ifdef PLANT_RESTARTED_PASSES_BY_READ
#define PASS_BY_READ(i, t) \
        if \
        :: !recBoth[t] -> goOn(i, t) \
        :: else \
        fi
#else
#define PASS_BY_READ(i, t) skip
#endif

/* The packets that were held died with the gateway; the VM's next output is of a later epoch. */
inline goOn(i, t) {
    term[i] = t;
    role[i] = SOLO;
    rejoin(i);
    out[i] = sealed[i];
    held[i] = 0;
    imageTerm[i] = 0;
    vmAlone[i] = false;
    renumber(i, t);
    forgetUseless()
}

/* An image of that term or a later one stays: it was acknowledged, and an older copy of it may still arrive. */
inline goOut(i, t) {
    if
    :: role[i] == OUT && KEEPS_IMAGE(i, t) -> term[i] = t
    :: role[i] == OUT && vmAlone[i] && recOwner[t] == i + 1 && term[i] == 0 -> term[i] = t; PASS_BY_READ(i, t)
    :: else -> become(i, OUT, t)
    fi
}

inline learnOwn(i, t) {
    if
    :: role[i] >= PROTECTED && IS_NEXT(i, t) ->
        term[i] = t;
        role[i] = (recBoth[t] -> PROTECTED : SOLO);
        lazy[i] = lazy[i] || recBoth[t];
        acked[i] = (recBoth[t] -> acked[i] : 0);
        gate[i] = false;
        if
        :: !recBoth[t] -> rejoin(i)
        :: else
        fi;
        renumber(i, t);
        forgetUseless()
    :: role[i] == STANDBY && IS_NEXT(i, t) -> takeOver(i, t)
    :: role[i] == OUT && vmAlone[i] && IS_NEXT(i, t) && !recBoth[t] && recOwner[term[i]] == i + 1 -> goOn(i, t)
    :: else -> goOut(i, t)
    fi
}

/* Who has asked for promotion in vain stays a standby: it has stopped to acknowledge, so its owner has let out no more than it holds. */
#define unbroken(i, t) \
    ((role[i] == STANDBY && term[i] == t - 1) \
        || (role[i] == OUT && imageTerm[i] == t - 1 && imageTerm[i] > 0 && imageTerm[i] >= term[i]))

#ifdef PLANT_FENCE_FORGOTTEN
#define FENCE(i, t) skip
#else
#define FENCE(i, t) goOut(i, t)
#endif

inline learnPeers(i, t) {
    if
    :: recBoth[t] && unbroken(i, t) ->
        v = held[i];
        KEEPS_MEMBERS(i, become(i, STANDBY, t));
        held[i] = v;
        v = 0
    :: else -> FENCE(i, t)
    fi
}

/* The first record after a start is asked for, so it is the one in force then: what comes later may be late. */
#ifdef PLANT_TOLD_STALE_AT_START
#define NEWS(i, t) true
#else
#define NEWS(i, t) (told[i] || (t == recTerm && DECIDES))
#endif

#define learns(i, t) \
    d_step { knows[i] < t && t <= recTerm && HAS_SEAT(i) && NEWS(i, t) -> \
        knows[i] = t; \
        KNEW(i, t); \
        told[i] = true; \
        if \
        :: recOwner[t] == i + 1 -> learnOwn(i, t) \
        :: else -> learnPeers(i, t) \
        fi }

/* ---- a site crashes and starts anew ---------------------------------------------------------------------------- */

inline loseSessions(i) {
    for (u : 1 .. TERMS) {
        if
        :: recOwner[u] == i + 1 -> acks[u] = 0
        :: recOwner[u] == PEER(i) + 1 -> epochs[u] = 0; images[u] = 0; noJoiners(u)
        :: else
        fi
    }
    u = 0
}

#define restarts(i) \
    d_step { (told[i] || imageTerm[i] > 0 || vmAlone[i]) -> \
        told[i] = false; \
        RECALLS(i); \
        RESTART_ROLE(i); \
        SESSIONS(i) }

#ifdef PLANT_SESSIONS_SURVIVE_RESTART
#define SESSIONS(i) skip
#else
#define SESSIONS(i) loseSessions(i)
#endif

#define forgetsAll(i) knows[i] = 0; become(i, OUT, 0)

/* Whether the VM is ticked is on the gateway's disk: unticked, when the standby has dropped it. */
#ifdef MEMBERS
/* Another file, written while the gateway is down, counts only when the standby has dropped the VM. */
#ifdef PLANT_UNTICKED_AT_START
#define STARTS_AS(i) FREE
#else
#define STARTS_AS(i) MEMBER
#endif
#define KEEPS_TICK(i, what) \
        u = phase[i]; \
        x = out[i]; \
        what; \
        phase[i] = (u == FREE -> FREE : STARTS_AS(i)); \
        out[i] = (phase[i] == FREE -> x : out[i]); \
        u = 0; \
        x = 0
#else
#define KEEPS_TICK(i, what) what
#endif

/* The gateway alone crashes; the VM runs on, and nothing of it gets out. */
#define restartsAlone(i) \
    d_step { told[i] && (role[i] >= PROTECTED || vmAlone[i]) -> \
        told[i] = false; \
        v = sealed[i]; \
        w = lazy[i]; \
        KEEPS_TICK(i, forgetsAll(i)); \
        sealed[i] = v; \
        lazy[i] = w; \
        v = 0; \
        w = 0; \
        vmAlone[i] = true; \
        SESSIONS(i) }
#if defined(PLANT_RESTART_ASSUMES_STANDBY)
#define RESTART_ROLE(i) \
        if \
        :: role[i] == STANDBY -> u = term[i]; v = u; become(i, STANDBY, v); v = 0 \
        :: else -> forgetsAll(i) \
        fi
#elif defined(PLANT_RESTART_ASSUMES_OWNER)
#define RESTART_ROLE(i) \
        if \
        :: role[i] >= PROTECTED -> skip \
        :: else -> forgetsAll(i) \
        fi
#else
#define RESTART_ROLE(i) forgetsAll(i)
#endif

/* ---- faults that are steps of their own ------------------------------------------------------------------------ */

#define goesSoloUnasked(i) d_step { role[i] == PROTECTED -> role[i] = SOLO }

/* A read shows the old record, while the request is on its way. */
#define ungatesByRead(i) d_step { role[i] == SOLO && gate[i] && recTerm == term[i] -> gate[i] = false }

#define promotesItself(i) d_step { role[i] == STANDBY && burned[i] && term[i] < TERMS -> v = term[i]; takeOver(i, v + 1) }

/* It had told the record before it was durable. */
#define witnessForgets() d_step { recTerm > 1 && (knows[0] == recTerm || knows[1] == recTerm) -> recTerm-- }

/* Its disk was put back, and it takes that for all that it ever granted; what was asked of it then may arrive once more. */
#define witnessIsRestored() \
    d_step { recTerm > 1 && !restored -> recTerm--; restored = true; asked = ASKS_ALONE(0) | ASKS_ALONE(1) }

/* "You own the group alone, in the next term", says its peer. */
#define believesGossip(i) \
    d_step { told[i] && role[i] == PROTECTED && term[i] < TERMS && recOwner[term[i] + 1] == 0 -> \
        role[i] = SOLO }

#if defined(PLANT_BELIEVED_GOSSIP)
#define FAULTS :: believesGossip(0) :: believesGossip(1)
#elif defined(PLANT_SOLO_WITHOUT_RECORD)
#define FAULTS :: goesSoloUnasked(0) :: goesSoloUnasked(1)
#elif defined(PLANT_UNGATE_BY_READ)
#define FAULTS :: ungatesByRead(0) :: ungatesByRead(1)
#elif defined(PLANT_PROMOTE_WITHOUT_GRANT)
#define FAULTS :: promotesItself(0) :: promotesItself(1)
#elif defined(PLANT_VOTE_NOT_DURABLE)
#define FAULTS :: witnessForgets()
#elif defined(PLANT_RESTORED_WITNESS)
#define FAULTS :: witnessIsRestored()
#else
#define FAULTS
#endif

/* ---- all steps -------------------------------------------------------------------------------------------------- */

byte u;
byte v;
byte w;
#ifdef MEMBERS
byte x;
#endif

#if TERMS < 3 || TERMS > 5 || EPOCHS < 1 || EPOCHS > 3
#error "the steps are written out for 3 to 5 terms and 1 to 3 epochs"
#endif
#if TERMS > 4
#define MORE_IMAGES(i, k) :: takesImage(i, 4, k) :: takesImage(i, 5, k)
#define MORE_LEARNS(i) :: learns(i, 4) :: learns(i, 5)
#elif TERMS > 3
#define MORE_IMAGES(i, k) :: takesImage(i, 4, k)
#define MORE_LEARNS(i) :: learns(i, 4)
#else
#define MORE_IMAGES(i, k)
#define MORE_LEARNS(i)
#endif
#if EPOCHS > 2
#define MORE_EPOCHS(i) EPOCH_STEPS(i, 2) EPOCH_STEPS(i, 3)
#elif EPOCHS > 1
#define MORE_EPOCHS(i) EPOCH_STEPS(i, 2)
#else
#define MORE_EPOCHS(i)
#endif

#define TAKES_IMAGES(i, k) \
    :: takesImage(i, 1, k) :: takesImage(i, 2, k) :: takesImage(i, 3, k) MORE_IMAGES(i, k)

#define EPOCH_STEPS(i, k) \
    :: hearsAcks(i, k) \
    :: shipsAgain(i, k) \
    :: standbyKeeps(i, k) \
    :: imageKeeps(i, k) \
    TAKES_IMAGES(i, k)

#ifdef MEMBERS
#define MEMBER_STEPS(i) \
    :: unticks(i) \
    :: takesSet(i, 1) :: takesSet(i, 2) \
    :: leaves(i) \
    :: passesFree(i) \
    :: sendsJoiner(i) \
    :: copiesJoiner(i, 0) :: copiesJoiner(i, 1) \
    :: holdsJoiner(i) \
    :: adds(i) \
    :: joins(i)
#else
#define MEMBER_STEPS(i)
#endif

#define STEPS(i) \
    MEMBER_STEPS(i) \
    :: seals(i) \
    :: releases(i) \
    :: passes(i) \
    :: sendsImage(i) \
    TAKES_IMAGES(i, 0) \
    EPOCH_STEPS(i, 1) MORE_EPOCHS(i) \
    :: syncs(i) \
    :: asksSolo(i) \
    :: resumes(i) \
    :: gates(i) \
    :: asksProtected(i) \
    :: asksRenewal(i) \
    :: asksPromotion(i) \
    :: asksHandover(i) \
    :: handsOver(i) \
    :: givesUp(i) \
    :: grantsAlone(i) \
    :: grantsBoth(i) \
    :: grantsRenewal(i) \
    :: grantsHandover(i) \
    :: learns(i, 1) :: learns(i, 2) :: learns(i, 3) MORE_LEARNS(i) \
    :: restarts(i) \
    :: restartsAlone(i)

active proctype world() {
    d_step {
        recOwner[1] = 1;
        recBoth[1] = true;
        term[0] = 1;
        term[1] = 1;
        knows[0] = 1;
        knows[1] = 1;
        role[0] = PROTECTED;
        role[1] = STANDBY;
#ifdef OLDER
        /* The VM has left, and passes at site 0, which went on from the copy at site 1. */
        phase[0] = FREE;
        dropped[1] = true;
        copy[1] = true;
        withheld[1] = true;
        listed[1] = true;
#endif
        lazy[0] = true
    };
end:
    do
    STEPS(0)
    STEPS(1)
    RECOVERY_STEPS
    COPY_STEPS
    COPY_OF_VM_STEPS(1)
    FAULTS
    od
}
