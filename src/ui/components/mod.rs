//! Parts that more than one page is made of. Rendered on the server only; none of them reads the request.

mod admin_layout;
mod badges;
mod chart;
mod choice;
mod companion;
mod empty_state;
mod field;
mod funnel;
mod instant;
mod keys;
mod layout;
mod order_summary;
mod payment_error_boundary;
mod payment_error_notice;
mod preorder_timeline;
mod room;
mod skeleton;
mod zone_picker;

pub use admin_layout::AdminLayout;
pub use badges::{FulfilmentBadge, PaymentBadge};
pub use chart::{ChartLine, LineChart, grouped};
pub use choice::{ChoiceWords, Swatches, words_by_color};
pub use companion::{Companion, Mood};
pub use empty_state::EmptyState;
pub use field::Field;
pub use funnel::{Funnel, FunnelStep};
pub use instant::{Clock, Day, Instant, day};
pub use keys::KeyList;
pub use layout::{MessagePage, StorefrontLayout, find_order_path};
pub use order_summary::OrderSummary;
pub use payment_error_boundary::PaymentErrorBoundary;
pub use payment_error_notice::{NoticeAction, PaymentErrorNotice, PaymentErrorTemplates};
pub use preorder_timeline::{PreorderTimeline, tone_word};
pub use room::Room;
pub use skeleton::SelectionSkeleton;
pub use zone_picker::{ZoneForm, place};
