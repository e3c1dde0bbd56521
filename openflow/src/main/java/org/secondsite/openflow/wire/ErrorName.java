package org.secondsite.openflow.wire;

import org.projectfloodlight.openflow.protocol.OFErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFAsyncConfigFailedErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFBadActionErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFBadInstructionErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFBadMatchErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFBadPropertyErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFBadRequestErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFBundleFailedErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFExperimenterErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFFlowModFailedErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFFlowMonitorFailedErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFGroupModFailedErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFHelloFailedErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFMeterModFailedErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFPortModFailedErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFQueueOpFailedErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFRoleRequestFailedErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFSwitchConfigFailedErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFTableFeaturesFailedErrorMsg;
import org.projectfloodlight.openflow.protocol.errormsg.OFTableModFailedErrorMsg;

/** The names that the specification gives to errors, such as {@code ROLE_REQUEST_FAILED/STALE}. */
public final class ErrorName {
    private ErrorName() {}

    /** Kind and code of the error. */
    public static String of(OFErrorMsg error) {
        return error.getErrType() + "/" + code(error);
    }

    private static Object code(OFErrorMsg error) {
        return switch (error) {
            case OFAsyncConfigFailedErrorMsg e -> e.getCode();
            case OFBadActionErrorMsg e -> e.getCode();
            case OFBadInstructionErrorMsg e -> e.getCode();
            case OFBadMatchErrorMsg e -> e.getCode();
            case OFBadPropertyErrorMsg e -> e.getCode();
            case OFBadRequestErrorMsg e -> e.getCode();
            case OFBundleFailedErrorMsg e -> e.getCode();
            case OFExperimenterErrorMsg e -> e.getSubtype();
            case OFFlowModFailedErrorMsg e -> e.getCode();
            case OFFlowMonitorFailedErrorMsg e -> e.getCode();
            case OFGroupModFailedErrorMsg e -> e.getCode();
            case OFHelloFailedErrorMsg e -> e.getCode();
            case OFMeterModFailedErrorMsg e -> e.getCode();
            case OFPortModFailedErrorMsg e -> e.getCode();
            case OFQueueOpFailedErrorMsg e -> e.getCode();
            case OFRoleRequestFailedErrorMsg e -> e.getCode();
            case OFSwitchConfigFailedErrorMsg e -> e.getCode();
            case OFTableFeaturesFailedErrorMsg e -> e.getCode();
            case OFTableModFailedErrorMsg e -> e.getCode();
            default -> "UNKNOWN";
        };
    }
}
