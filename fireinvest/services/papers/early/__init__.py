"""Papers of the first stages: team, scene, evidence, determination, extension."""

from fireinvest.services.papers.base import Content, Contents
from fireinvest.services.papers.early import (
    determination,
    evidence,
    extension,
    meetings,
    recusal,
    reports,
    scene,
    team,
)

__all__ = ["CONTENTS"]

#: How each of these kinds is made, by its id in the profile.
CONTENTS: Contents = {
    "first_report": Content(reports.FirstReport, reports.first_report),
    "follow_up_report": Content(reports.FollowUpReport, reports.follow_up_report),
    "team_request": Content(team.TeamRequest, team.team_request),
    "team_order": Content(team.TeamOrder, team.team_order),
    "participation_notice": Content(team.Invitation, team.participation_notice),
    "invitation_discipline": Content(team.Invitation, team.invitation_discipline),
    "invitation_procuratorate": Content(team.Invitation, team.invitation_procuratorate),
    "expert_engagement": Content(team.ExpertEngagement, team.expert_engagement),
    "recusal_declaration": Content(recusal.RecusalDeclaration, recusal.recusal_declaration),
    "recusal_decision": Content(recusal.RecusalDecision, recusal.recusal_decision),
    "leader_recusal_decision": Content(recusal.RecusalDecision, recusal.leader_recusal_decision),
    "meeting_minutes": Content(meetings.MeetingMinutes, meetings.meeting_minutes),
    "scene_closure": Content(scene.ClosureNotice, scene.scene_closure),
    "scene_release": Content(scene.ReleaseNotice, scene.scene_release),
    "scene_survey": Content(scene.SurveyRecord, scene.scene_survey),
    "interview_record": Content(scene.InterviewRecord, scene.interview_record),
    "experiment_record": Content(scene.ExperimentRecord, scene.experiment_record),
    "extraction_list": Content(evidence.ExtractionList, evidence.extraction_list),
    "seizure_list": Content(evidence.SeizureList, evidence.seizure_list),
    "custody_list": Content(evidence.CustodyList, evidence.custody_list),
    "test_commission": Content(evidence.Commission, evidence.test_commission),
    "records_letter": Content(evidence.RecordsLetter, evidence.records_letter),
    "fire_determination": Content(
        determination.FireDetermination, determination.fire_determination
    ),
    "review_acceptance": Content(determination.ReviewAcceptance, determination.review_acceptance),
    "review_decision": Content(determination.ReviewDecision, determination.review_decision),
    "extension_request": Content(extension.ExtensionRequest, extension.extension_request),
    "extension_decision": Content(extension.ExtensionDecision, extension.extension_decision),
    "determination_extension_request": Content(
        extension.ExtensionRequest, extension.determination_extension_request
    ),
    "determination_extension_decision": Content(
        extension.ExtensionDecision, extension.determination_extension_decision
    ),
}
