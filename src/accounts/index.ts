/** Who works at the desk: accounts, roles, sessions, invitations. Owns account, account_role, recovery_code, session, invitation. */
export { codesLeft, confirm as confirmFactor, prepare as prepareFactor, remove as removeFactor } from './factors.ts'
export { invite, read as readInvitation, reset, setUp } from './invitations.ts'
export { type Account, actorOf, all, byPublicId, describe, end as endAccount, namesOf, setRoles } from './people.ts'
export { type Proof, prove } from './proofs.ts'
export { checkedRole, type Granted, listsOf, may, type Permission, ROLES, type Role, rolesOf } from './roles.ts'
export {
  end as endSession,
  forget,
  formToken,
  leave,
  type Session,
  sessionsOf,
  type Visitor,
  visitor,
} from './sessions.ts'
export { accept, changePassword, type Entered, enter, enterCode, type Inside } from './signing-in.ts'
export type { From } from './tries.ts'
